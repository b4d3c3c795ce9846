"""What half a point of responsiveness is worth."""

from servicefx import load_study, money_section, write_section


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    write_section(out, money_section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
