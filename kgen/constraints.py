"""A composite foreign key as a constraint that migrations create and remove (Django has none: E347)."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import BaseConstraint, Model


class CompositeForeignKey(BaseConstraint):
    """`(columns) REFERENCES to_table (to_columns)`, checked at COMMIT.

    With the client's id among the columns the database refuses rows that mix two clients. The referenced columns need a
    unique constraint. Columns and tables go by their database names, so that apps need not import each other.
    """

    def __init__(self, *, columns: list[str], to_table: str, to_columns: list[str], name: str) -> None:
        super().__init__(name=name)
        self.columns, self.to_table, self.to_columns = list(columns), to_table, list(to_columns)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, _, kwargs = super().deconstruct()
        return (
            path,
            (),
            kwargs
            | {
                "columns": self.columns,
                "to_table": self.to_table,
                "to_columns": self.to_columns,
            },
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompositeForeignKey) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """The constraint's clause for CREATE TABLE."""
        columns, to_columns = ", ".join(self.columns), ", ".join(self.to_columns)
        return (
            f"CONSTRAINT {self.name} FOREIGN KEY ({columns}) REFERENCES {self.to_table} ({to_columns}) "
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """The statement that adds the constraint to an existing table."""
        return f"ALTER TABLE {model._meta.db_table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        """The statement that drops the constraint."""
        return f"ALTER TABLE {model._meta.db_table} DROP CONSTRAINT {self.name}"

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the database checks the constraint, not forms."""
