"""The dashboard: pages for operators, accountants and auditors, rendered here and readable without any script."""
