"""The hypotheses and claims of the study, and the report."""

from servicefx import claims_section, hypotheses_section, load_study, write_section, write_staged_report


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    write_section(out, hypotheses_section(study, seed=study.seed), study)
    write_section(out, claims_section(study, seed=study.seed), study)
    write_staged_report(out, study)


if __name__ == "__main__":
    main()
