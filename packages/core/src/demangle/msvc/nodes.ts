/** What a decorated Visual C++ name says, as a tree: built by parse-*.ts, written out by print.ts. */

/** Qualifiers are bit sets. */
export const CONST = 1;
export const VOLATILE = 2;
export const RESTRICT = 4;
export const UNALIGNED = 8;

/** Innermost name first, as names are decorated. */
export type QualifiedName = Identifier[];

export type Identifier = {
  readonly kind: "plain" | "structor" | "conversion" | "scope" | "dynamic";
  /** What is written for a plain name; the opening words of a dynamic initializer; "~" or nothing for structors; a number for scopes. */
  text: string;
  args: TemplateArgument[] | null;
  /** The class that a constructor or destructor belongs to, known when the whole name is. */
  owner: Identifier | null;
  /** What a conversion operator converts to, known when its return type is. */
  target: Type | null;
  /** The function around a local scope; the variable that a dynamic initializer is for. */
  symbol: SymbolNode | null;
  /** The name that a dynamic initializer is for when its variable is not told. */
  subject: QualifiedName | null;
};

export function identifier(kind: Identifier["kind"], text: string): Identifier {
  return { kind, text, args: null, owner: null, target: null, symbol: null, subject: null };
}

/** A type, a text (numbers), a symbol behind "&" or nothing, or values in braces. */
export type TemplateArgument =
  | { readonly kind: "type"; readonly type: Type }
  | { readonly kind: "name"; readonly name: QualifiedName }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "symbol"; readonly prefix: string; readonly symbol: SymbolNode; readonly suffix: string }
  | { readonly kind: "braces"; readonly head: Type | null; readonly items: readonly TemplateArgument[] };

export type FunctionType = {
  readonly kind: "function";
  quals: number;
  /** "[thunk]: public: virtual " */
  prefix: string;
  /** "__cdecl"; empty where it is not told. */
  readonly convention: string;
  /** Null for constructors and destructors. */
  readonly returns: Type | null;
  /** Null: the list is not told. One void: there are none. Empty: only "..." */
  readonly params: readonly Type[] | null;
  readonly variadic: boolean;
  readonly noexcept: boolean;
  readonly reference: "" | " &" | " &&";
  /** "`adjustor{16}'" before the parameters of a thunk. */
  adjustment: string;
};

export type PointerType = {
  readonly kind: "pointer";
  quals: number;
  readonly sign: "*" | "&" | "&&";
  readonly pointee: Type;
  /** The class of a pointer to member. */
  readonly owner: QualifiedName | null;
};

export type Type =
  | { readonly kind: "primitive"; quals: number; readonly name: string }
  | { readonly kind: "tag"; quals: number; readonly tag: string; readonly name: QualifiedName }
  | { readonly kind: "custom"; quals: number; readonly name: Identifier }
  | { readonly kind: "array"; quals: number; readonly dimensions: readonly string[]; readonly element: Type }
  | PointerType
  | FunctionType;

export type SymbolNode =
  | { readonly kind: "function"; readonly name: QualifiedName; readonly type: FunctionType }
  | { readonly kind: "variable"; readonly name: QualifiedName; readonly prefix: string; readonly type: Type | null }
  /** Tables of virtual functions and the like: `quals` before the name, the bases that the table is for behind it. */
  | { readonly kind: "table"; readonly name: QualifiedName; readonly quals: number; readonly targets: readonly QualifiedName[] }
  | { readonly kind: "text"; readonly text: string };
