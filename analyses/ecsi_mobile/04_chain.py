"""H4-H9: what works through what, and how loyalty follows satisfaction."""

from servicefx import (
    chain_section,
    load_study,
    loyalty_section,
    mediation_section,
    repurchase_section,
    write_section,
)


def main(study_file: str = "analyses/ecsi_mobile", out: str = "reports/ecsi_mobile") -> None:
    study = load_study(study_file)
    for section in (chain_section, mediation_section, loyalty_section, repurchase_section):
        write_section(out, section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
