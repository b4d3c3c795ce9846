"""Which paths may be read as effects, if the declared graph is right."""

from servicefx import causal_section, load_study, write_section


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    write_section(out, causal_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
