"""H1-H3, H8, H15, H18: what goes with satisfaction, by how much, for whom, and where it breaks."""

from servicefx import (
    antecedents_section,
    drivers_section,
    gap_section,
    load_study,
    moderation_section,
    segments_section,
    waiting_section,
    write_section,
)


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    for section in (
        drivers_section,
        gap_section,
        waiting_section,
        moderation_section,
        antecedents_section,
        segments_section,
    ):
        write_section(out, section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
