"""H4-H6, H9, H19: what works through what, who buys again, who tells whom, and what recovery does."""

from servicefx import (
    chain_section,
    load_study,
    loyalty_section,
    mediation_section,
    recovery_section,
    referral_section,
    repurchase_section,
    write_section,
)


def main(study_file: str = "analyses/after_sales", out: str = "reports/after_sales") -> None:
    study = load_study(study_file)
    for section in (
        chain_section,
        mediation_section,
        loyalty_section,
        repurchase_section,
        referral_section,
        recovery_section,
    ):
        write_section(out, section(study, seed=study.seed), study)


if __name__ == "__main__":
    main()
