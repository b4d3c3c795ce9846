"""Who answered, what they answered, and how well it is measured."""

from servicefx import descriptives_section, load_study, measurement_section, sample_section, write_section


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    write_section(out, sample_section(study, seed=study.seed), study)
    write_section(out, descriptives_section(study, seed=study.seed), study)
    write_section(out, measurement_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
