/** Query text → a validated operation, remembered by its text: clients send constant text with variables. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';

export type Variables = Readonly<Record<string, unknown>>;

export interface ValidDocument {
  readonly document: DocumentNode;
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

const MAX_REMEMBERED = 500;

export class Documents {
  readonly #byText = new Map<string, ValidDocument | readonly string[]>();

  constructor(readonly schema: GraphQLSchema) {}

  /** The document, or the messages of what is wrong with it. */
  get(text: string): ValidDocument | readonly string[] {
    const known = this.#byText.get(text);
    if (known) return known;
    const made = this.#make(text);
    if (this.#byText.size >= MAX_REMEMBERED) this.#byText.clear();
    this.#byText.set(text, made);
    return made;
  }

  #make(text: string): ValidDocument | readonly string[] {
    let document: DocumentNode;
    try {
      document = parse(text);
    } catch (error) {
      return [(error as Error).message];
    }
    const errors = validate(this.schema, document);
    if (errors.length > 0) return errors.map((error) => error.message);
    const operations: OperationDefinitionNode[] = [];
    const fragments = new Map<string, FragmentDefinitionNode>();
    for (const definition of document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    }
    return { document, operations, fragments };
  }
}

/** The fields of a selection by response key, fragments merged, @include and @skip honoured. */
export function collectFields(
  document: ValidDocument,
  selectionSets: readonly SelectionSetNode[],
  variables: Variables,
  into: Map<string, FieldNode[]> = new Map(),
): Map<string, FieldNode[]> {
  for (const set of selectionSets) {
    for (const selection of set.selections) {
      if (selection.directives && selection.directives.length > 0) {
        if (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true) continue;
        if (getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if === false) continue;
      }
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        const fields = into.get(key);
        if (fields) fields.push(selection);
        else into.set(key, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collectFields(document, [selection.selectionSet], variables, into);
      } else {
        const fragment = document.fragments.get(selection.name.value);
        if (fragment) collectFields(document, [fragment.selectionSet], variables, into);
      }
    }
  }
  return into;
}

export function subselection(fields: readonly FieldNode[]): SelectionSetNode[] {
  return fields.flatMap((field) => (field.selectionSet ? [field.selectionSet] : []));
}
