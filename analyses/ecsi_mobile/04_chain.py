"""H4-H9: what works through what."""

from servicefx import chain_section, load_study, repurchase_section, write_section


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    write_section(out, chain_section(study, seed=study.seed), study)
    write_section(out, repurchase_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
