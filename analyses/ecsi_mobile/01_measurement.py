"""Who answered, what they answered, whether to trust it, and how well it is measured."""

from servicefx import (
    descriptives_section,
    load_study,
    measurement_section,
    sample_section,
    screening_section,
    write_section,
)


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    for section in (sample_section, descriptives_section, screening_section, measurement_section):
        write_section(out, section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
