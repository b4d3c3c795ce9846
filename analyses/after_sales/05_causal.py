"""Which paths may be read as effects, if the declared graph is right."""

from servicefx import causal_section, load_study, write_section


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    write_section(out, causal_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
