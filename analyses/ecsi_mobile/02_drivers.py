"""H1: what goes with satisfaction, by how much, and for whom."""

from servicefx import drivers_section, load_study, moderation_section, segments_section, write_section


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    for section in (drivers_section, moderation_section, segments_section):
        write_section(out, section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
