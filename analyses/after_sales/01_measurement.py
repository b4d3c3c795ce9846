"""Who answered, what they answered, whether to trust it, and how well it is measured."""

from servicefx import (
    descriptives_section,
    invariance_section,
    load_study,
    measurement_section,
    sample_section,
    screening_section,
    service_quality_section,
    write_section,
)


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    for section in (
        sample_section,
        descriptives_section,
        screening_section,
        measurement_section,
        invariance_section,
        service_quality_section,
    ):
        write_section(out, section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
