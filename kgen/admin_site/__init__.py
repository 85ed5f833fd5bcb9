"""The frame of the operators' console: its site, logins, roles, sidebar, and the bases of lists and pages.

The screens are in each app's `admin` and in `console`; docs/console.md is the operators' guide. This package imports
nothing, because Django loads `kgen.admin_site.apps` before there are models.
"""
