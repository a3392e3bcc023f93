"""Stash's real GraphQL schema, and answering queries against it exactly and fast.

graphql-core parses and validates every document. Documents that only read plain fields are then
answered by a compiled projection (about twenty times faster than graphql-core's executor); all others
by graphql-core itself. Both read the same objects through `read_field`, and a test compares them.
"""

from __future__ import annotations

import importlib.util
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_client_schema,
    execute_sync,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_variable_values

Resolver = Callable[..., Any]
Projection = Callable[[Any, "Answering"], Any]
SCALAR_DEFAULTS: dict[str, Any] = {
    "String": "",
    "Int": 0,
    "Int64": 0,
    "Float": 0.0,
    "Boolean": False,
    "Map": {},
    "Time": "2025-01-01T00:00:00Z",
    "ID": "0",
}


class InvalidDocumentError(Exception):
    """The document does not parse or does not fit the schema: Stash answers 422 and no data."""

    def __init__(self, errors: list[GraphQLError], code: str) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.answer = {
            "errors": [{**error.formatted, "extensions": {"code": code}} for error in errors],
            "data": None,
        }


class NotCompilableError(Exception):
    """The document needs graphql-core's own executor."""


class FailedFieldError(Exception):
    """A value inside an answer could not be read; the nearest field that may be null becomes null."""

    def __init__(self, message: str, path: list[str | int]) -> None:
        super().__init__(message)
        self.path = path


@dataclass
class Answering:
    """What answering one request needs: the resolvers' context, and what is wrong on purpose."""

    context: Any
    malformed_scenes: Mapping[int, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)


@cache
def introspection() -> dict[str, Any]:
    """The introspection of a real Stash that the package stashapp-client brings along."""
    found = importlib.util.find_spec("stashapp_client")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("The Stash test server needs the package stashapp-client for Stash's schema.")
    path = Path(found.submodule_search_locations[0], "generated", "schema.json")
    content: dict[str, Any] = json.loads(path.read_bytes())["data"]
    return content


@cache
def stash_schema() -> GraphQLSchema:
    return build_client_schema(introspection(), assume_valid=True)  # type: ignore[arg-type]


def default_of(type_: Any) -> Any:
    """What a field that this server does not keep has as its value: empty, as in a bare library."""
    if not is_non_null_type(type_):
        return None
    inner = type_.of_type
    if is_list_type(inner):
        return []
    return SCALAR_DEFAULTS.get(getattr(inner, "name", ""))


def read_field(source: Any, name: str, default: Any) -> Any:
    """A field of an answer object, which is a dict or an object with properties."""
    if isinstance(source, dict):
        return source.get(name, default)
    return getattr(source, name) if hasattr(type(source), name) else default


class Document:
    """A parsed and validated document with the compiled projection of each root field, if it has one."""

    def __init__(self, text: str, resolvers: Mapping[str, Resolver]) -> None:
        self.resolvers = resolvers
        self.node = self._parse(text)
        self.operation = next(
            (one for one in self.node.definitions if isinstance(one, OperationDefinitionNode)), None
        )
        if self.operation is None:
            raise InvalidDocumentError([GraphQLError("no operation provided")], "GRAPHQL_PARSE_FAILED")
        self.fragments = {
            one.name.value: one for one in self.node.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self.is_mutation = self.operation.operation is OperationType.MUTATION
        self.root_type = stash_schema().mutation_type if self.is_mutation else stash_schema().query_type
        self.root_fields = _root_names(self.operation.selection_set, self.fragments)
        self.plan: list[tuple[str, FieldNode, Any, Projection]] | None = None
        self.constant: dict[str, Any] | None = None
        if not self.is_mutation:
            self._compile()

    @staticmethod
    def _parse(text: str) -> DocumentNode:
        try:
            node = parse(text)
        except GraphQLError as error:
            raise InvalidDocumentError([error], "GRAPHQL_PARSE_FAILED") from error
        if errors := validate(stash_schema(), node):
            raise InvalidDocumentError(errors, "GRAPHQL_VALIDATION_FAILED")
        return node

    def _compile(self) -> None:
        assert self.operation is not None
        assert self.root_type is not None
        try:
            fields = collect_fields(self.operation.selection_set, self.fragments)
            if any(node.name.value not in self.resolvers for node in fields.values()):
                return
            self.plan = []
            for key, node in fields.items():
                definition = self.root_type.fields[node.name.value]
                project = compile_projection(definition.type, node, self.fragments)
                self.plan.append((key, node, definition, project))
        except NotCompilableError:
            self.plan = None

    def answer(self, variables: Mapping[str, Any] | None, answering: Answering) -> dict[str, Any]:
        """The whole answer: {"data": …} and, if something failed, "errors"."""
        if self.plan is None:
            return self.answer_by_graphql_core(variables, answering)
        values = self._variables(variables)
        data: dict[str, Any] | None = {}
        errors: list[dict[str, Any]] = []
        for key, node, definition, project in self.plan:
            try:
                arguments = get_argument_values(definition, node, values)
                found = self.resolvers[node.name.value](answering.context, **arguments)
                value = project(found, answering)
            except (FailedFieldError, GraphQLError, LookupError, ValueError) as error:
                message = error.message if isinstance(error, GraphQLError) else _message(error)
                errors.append({"message": message, "path": [key, *(getattr(error, "path", None) or ())]})
                value = None
                if is_non_null_type(definition.type):
                    data = None
            if data is not None:
                data[key] = value
        return {"errors": errors, "data": data} if errors else {"data": data}

    def answer_by_graphql_core(
        self, variables: Mapping[str, Any] | None, answering: Answering
    ) -> dict[str, Any]:
        """The same answer by graphql-core's executor; answers about the schema are kept."""
        if self.constant is not None:
            return self.constant
        self._variables(variables)
        results = [
            execute_sync(
                stash_schema(),
                node,
                context_value=answering.context,
                variable_values=dict(variables or {}),
                field_resolver=self._resolve,
            )
            for node in self._steps()
        ]
        answer: dict[str, Any] = {}
        errors = [error for result in results for error in result.errors or ()]
        if errors:
            answer["errors"] = [{"message": error.message, "path": error.path or []} for error in errors]
        parts = [result.data for result in results]
        answer["data"] = None if None in parts else {k: v for part in parts if part for k, v in part.items()}
        if all(name.startswith("__") for name in self.root_fields) and not variables:
            self.constant = answer
        return answer

    def _steps(self) -> list[DocumentNode]:
        """What is carried out by itself: each mutation, as Stash goes on after one that fails."""
        assert self.operation is not None
        fields = self.operation.selection_set.selections
        if not self.is_mutation or len(fields) == 1:
            return [self.node]
        steps = []
        for field_ in fields:
            operation = copy(self.operation)
            operation.selection_set = SelectionSetNode(selections=(field_,))
            others = [one for one in self.node.definitions if one is not self.operation]
            steps.append(DocumentNode(definitions=(operation, *others)))
        return steps

    def _variables(self, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        assert self.operation is not None
        definitions = self.operation.variable_definitions
        values = get_variable_values(stash_schema(), definitions, dict(variables or {}))
        if isinstance(values, list):
            raise InvalidDocumentError(values, "GRAPHQL_VALIDATION_FAILED")
        return values

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if info.parent_type is self.root_type:
            resolver = self.resolvers.get(info.field_name)
            if resolver is None:
                raise GraphQLError(f"the test server does not know {info.field_name}")
            return resolver(info.context, **arguments)
        value = read_field(source, info.field_name, default_of(info.return_type))
        return value(**arguments) if callable(value) else value


class DocumentCache:
    """Documents by their text, as Stash keeps them: the thousand used last."""

    def __init__(self, resolvers: Mapping[str, Resolver], size: int = 1000) -> None:
        self.resolvers = resolvers
        self.size = size
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> Document:
        with self._lock:
            document = self._documents.pop(text, None) or Document(text, self.resolvers)
            self._documents[text] = document
            if len(self._documents) > self.size:
                self._documents.popitem(last=False)
            return document

    def texts(self) -> list[str]:
        """The documents that are kept."""
        with self._lock:
            return list(self._documents)


Fragments = Mapping[str, FragmentDefinitionNode]


def collect_fields(selection_set: SelectionSetNode, fragments: Fragments) -> dict[str, FieldNode]:
    """The fields of a selection by response key, fragments spread; NotCompilableError if it is not plain."""
    fields: dict[str, FieldNode] = {}
    for selection in selection_set.selections:
        if selection.directives:
            raise NotCompilableError
        if isinstance(selection, FieldNode):
            found = {selection.alias.value if selection.alias else selection.name.value: selection}
        elif isinstance(selection, FragmentSpreadNode):
            found = collect_fields(fragments[selection.name.value].selection_set, fragments)
        else:
            found = collect_fields(selection.selection_set, fragments)  # type: ignore[attr-defined]
        if fields.keys() & found.keys():
            raise NotCompilableError
        fields.update(found)
    return fields


def compile_projection(type_: Any, node: FieldNode, fragments: Fragments) -> Projection:
    """A function from a resolved value to its JSON, for the selection below `node`."""
    if is_non_null_type(type_):
        return compile_projection(type_.of_type, node, fragments)
    if is_list_type(type_):
        return _list_projection(compile_projection(type_.of_type, node, fragments))
    if is_leaf_type(type_):
        return lambda value, answering: value
    if isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)) or node.selection_set is None:
        raise NotCompilableError
    project = _object_projection(type_, node.selection_set, fragments)
    return _scene_projection(project) if type_.name == "Scene" else project


def _project_at(step: str | int, project: Projection, value: Any, answering: Answering) -> Any:
    """Project a value; an error inside it learns on its way out where it happened."""
    try:
        return project(value, answering)
    except FailedFieldError as error:
        raise FailedFieldError(str(error), [step, *error.path]) from error


def _list_projection(project: Projection) -> Projection:
    def project_list(values: Any, answering: Answering) -> Any:
        if values is None:
            return None
        return [_project_at(position, project, value, answering) for position, value in enumerate(values)]

    return project_list


def _plan_object(
    type_: GraphQLObjectType, selection_set: SelectionSetNode, fragments: Fragments
) -> list[tuple[str, str, Any, Projection | None]]:
    """For each field its key in the answer, its name, its default, and the projection of what is below."""
    plan: list[tuple[str, str, Any, Projection | None]] = []
    for key, node in collect_fields(selection_set, fragments).items():
        name = node.name.value
        if node.arguments:
            raise NotCompilableError
        if name == "__typename":
            plan.append((key, name, type_.name, None))
            continue
        field_type = type_.fields[name].type
        below = compile_projection(field_type, node, fragments)
        leaf = is_leaf_type(get_named_type(field_type))
        plan.append((key, name, default_of(field_type), None if leaf else below))
    return plan


def _object_projection(
    type_: GraphQLObjectType, selection_set: SelectionSetNode, fragments: Fragments
) -> Projection:
    plan = _plan_object(type_, selection_set, fragments)

    def project_object(source: Any, answering: Answering) -> Any:
        if source is None:
            return None
        if isinstance(source, Exception):
            raise FailedFieldError(str(source), [])
        answer = {}
        for key, name, default, project in plan:
            value = read_field(source, name, default)
            if callable(value):
                value = value()
            answer[key] = value if project is None else _project_at(key, project, value, answering)
        return answer

    return project_object


def _scene_projection(project: Projection) -> Projection:
    def project_scene(scene: Any, answering: Answering) -> Any:
        answer = project(scene, answering)
        if answer is not None and answering.malformed_scenes:
            spoil = answering.malformed_scenes.get(int(scene.id))
            if spoil is not None:
                changed = spoil(answer)
                return answer if changed is None else changed
        return answer

    return project_scene


def _root_names(selection_set: SelectionSetNode, fragments: Fragments) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for selection in selection_set.selections:
        if isinstance(selection, FieldNode):
            names[selection.name.value] = None
        elif isinstance(selection, FragmentSpreadNode):
            names.update(dict.fromkeys(_root_names(fragments[selection.name.value].selection_set, fragments)))
    return tuple(names)


def _message(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
