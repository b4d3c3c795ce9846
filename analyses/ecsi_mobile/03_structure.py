"""H4, H6: quality, satisfaction and loyalty as a structural and as a composite model."""

from servicefx import composite_section, load_study, structure_section, write_section


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    write_section(out, structure_section(study, seed=study.seed), study)
    write_section(out, composite_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
