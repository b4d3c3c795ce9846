"""H1, H15: what goes with satisfaction, and by how much."""

from servicefx import drivers_section, load_study, write_section


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    write_section(out, drivers_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
