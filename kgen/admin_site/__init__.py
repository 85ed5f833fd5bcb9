"""The operators' console: its site, the bases of its pages, who may do what. docs/console.md tells of it.

Nothing is imported here: Django loads `kgen.admin_site.apps` before there are models.
"""
