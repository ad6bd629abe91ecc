/**
 * The tree a mangled Swift name stands for. Both manglings build it, the printer walks it.
 *
 * A node is a kind, a text or a number, and children. Everything the printer spells as a fixed phrase before its operands ("type metadata accessor
 * for …") is one kind, `phrase`, with the phrase as text: what the symbols say is in the parsers' tables, not in a kind for each of them.
 */

/** Declarations and what can stand in their place: these kinds can be the context of another declaration. */
export type ContextKind =
  | "module"
  | "class"
  | "structure"
  | "enum"
  | "protocol"
  | "otherNominal"
  | "typeAlias"
  | "symbolicReference"
  | "builtinTuple"
  | "extension"
  | "anonymousContext"
  | "function"
  | "variable"
  | "subscript"
  | "accessor"
  | "allocator"
  | "constructor"
  | "destructor"
  | "deallocator"
  | "isolatedDeallocator"
  | "unnamedEntity"
  | "explicitClosure"
  | "implicitClosure"
  | "defaultArgument"
  | "macro"
  | "attachedExpansion"
  | "freestandingExpansion"
  | "expansionPlace"
  | "genericParameterDeclaration"
  | "static"
  | "entityThunk"
  | "opaqueReturnTypeOf"
  | "derivative";

/** Names of declarations. */
export type NameKind = "identifier" | "operatorName" | "localName" | "privateName" | "relatedName";

/** Types, each below a `type` node. */
export type TypeKind =
  | "type"
  | "builtin"
  | "fixedArray"
  | "boundGeneric"
  | "boundFunction"
  | "functionType"
  | "uncurriedFunctionType"
  | "thinFunctionType"
  | "cFunctionPointer"
  | "autoClosureType"
  | "objCBlock"
  | "escapingObjCBlock"
  | "implFunctionType"
  | "tuple"
  | "pack"
  | "packExpansion"
  | "packElement"
  | "metatype"
  | "existentialMetatype"
  | "protocolList"
  | "protocolListWithClass"
  | "protocolListWithAnyObject"
  | "constrainedExistential"
  | "constrainedSelf"
  | "extendedExistential"
  | "genericParameter"
  | "dependentMember"
  | "associatedTypeRef"
  | "dependentGenericType"
  | "opaqueType"
  | "opaqueReturnType"
  | "dynamicSelf"
  | "box"
  | "boxWithLayout"
  | "sugaredOptional"
  | "sugaredArray"
  | "sugaredInlineArray"
  | "sugaredDictionary"
  | "sugaredParen"
  | "integerType"
  | "errorType"
  | "modifier"
  | "inOut";

/** Parts of types and signatures. */
export type PartKind =
  | "typeList"
  | "labelList"
  | "tupleElement"
  | "tupleLabel"
  | "variadic"
  | "emptyList"
  | "firstElement"
  | "argumentTuple"
  | "returnType"
  | "clangType"
  | "sendingResult"
  | "globalActor"
  | "isolatedAny"
  | "nonisolatedCaller"
  | "differentiable"
  | "throws"
  | "typedThrows"
  | "sendable"
  | "async"
  | "metatypeRepresentation"
  | "boxLayout"
  | "implAttribute"
  | "implParameter"
  | "implResult"
  | "implYield"
  | "implErrorResult"
  | "implSending"
  | "implPatternSubstitutions"
  | "implInvocationSubstitutions"
  | "genericSignature"
  | "genericCount"
  | "packMarker"
  | "valueMarker"
  | "conformanceRequirement"
  | "inverseRequirement"
  | "layoutRequirement"
  | "sameTypeRequirement"
  | "sameShapeRequirement"
  | "requirementList"
  | "associatedTypeName"
  | "associatedTypePath"
  | "protocolConformance"
  | "conformanceReference"
  | "concreteConformance"
  | "dependentConformance"
  | "opaqueConformance"
  | "packConformance"
  | "conformanceList"
  | "retroactiveConformance"
  | "number";

/** Whole symbols, and what stands before them. */
export type SymbolKind =
  | "global"
  | "suffix"
  | "attribute"
  | "dispensableAttribute"
  | "partialApply"
  | "specialization"
  | "specializationArgument"
  | "specializedParameter"
  | "specializedReturn"
  | "specializationFlags"
  | "propagatedName"
  | "propagatedValue"
  | "propagatedString"
  | "propagatedKeyPath"
  | "propagatedStruct"
  | "propagatedClosure"
  | "sameAsArgument"
  | "phrase"
  | "phraseWithParts"
  | "typeMangling"
  | "valueWitness"
  | "reabstractionThunk"
  | "selfReabstractionThunk"
  | "keyPathAccess"
  | "keyPathOperator"
  | "serialized"
  | "derivativeKind"
  | "indexSubset"
  | "derivativeVtableThunk"
  | "reorderingThunk"
  | "subsetThunk"
  | "differentiabilityWitness"
  | "onceSymbol"
  | "onceNames"
  | "completionHandler"
  | "existentialShape";

export type NodeKind = ContextKind | NameKind | TypeKind | PartKind | SymbolKind;

/** One node. `text` is empty and `number` zero where a kind has none. */
export class SwiftNode {
  readonly kind: NodeKind;
  readonly text: string;
  readonly number: number;
  readonly children: SwiftNode[];

  constructor(kind: NodeKind, children: SwiftNode[], text: string, number: number) {
    this.kind = kind;
    this.text = text;
    this.number = number;
    this.children = children;
  }

  /** The child at a position; a tree that lacks it is malformed. */
  child(at: number): SwiftNode {
    const child = this.children[at];
    if (child === undefined) throw malformed;
    return child;
  }

  /** The last child. */
  last(): SwiftNode {
    return this.child(this.children.length - 1);
  }

  /** The first child of a kind. */
  find(kind: NodeKind): SwiftNode | undefined {
    for (const child of this.children) if (child.kind === kind) return child;
    return undefined;
  }
}

/** What the parsers and the printer throw among themselves for a name that is none; `demangleSwift` catches it. One object: a stack is of no use. */
export const malformed = new Error("not a Swift name");

const contexts = new Set<NodeKind>([
  "module",
  "class",
  "structure",
  "enum",
  "protocol",
  "otherNominal",
  "typeAlias",
  "symbolicReference",
  "builtinTuple",
  "extension",
  "anonymousContext",
  "function",
  "variable",
  "subscript",
  "accessor",
  "allocator",
  "constructor",
  "destructor",
  "deallocator",
  "isolatedDeallocator",
  "unnamedEntity",
  "explicitClosure",
  "implicitClosure",
  "defaultArgument",
  "macro",
  "attachedExpansion",
  "freestandingExpansion",
  "expansionPlace",
  "static",
  "entityThunk",
  "opaqueReturnTypeOf",
  "derivative",
] satisfies ContextKind[]);

const names = new Set<NodeKind>(["identifier", "operatorName", "localName", "privateName", "relatedName"] satisfies NameKind[]);

const nominals = new Set<NodeKind>([
  "class",
  "structure",
  "enum",
  "protocol",
  "otherNominal",
  "typeAlias",
  "symbolicReference",
  "builtinTuple",
]);

const requirements = new Set<NodeKind>([
  "packMarker",
  "valueMarker",
  "conformanceRequirement",
  "inverseRequirement",
  "layoutRequirement",
  "sameTypeRequirement",
  "sameShapeRequirement",
]);

const isolations = new Set<NodeKind>(["globalActor", "isolatedAny", "nonisolatedCaller"]);
const conformances = new Set<NodeKind>(["concreteConformance", "packConformance", "dependentConformance", "opaqueConformance"]);
const expansions = new Set<NodeKind>(["attachedExpansion", "freestandingExpansion", "expansionPlace"]);
const attributes = new Set<NodeKind>(["attribute", "dispensableAttribute", "partialApply", "specialization"]);

export const isContext = (kind: NodeKind): boolean => contexts.has(kind);
/** What a thunk can be of: a declaration, or a type standing for one. */
export const isEntity = (kind: NodeKind): boolean => kind === "type" || contexts.has(kind);
export const isName = (kind: NodeKind): boolean => names.has(kind);
export const isNominal = (kind: NodeKind): boolean => nominals.has(kind);
export const isRequirement = (kind: NodeKind): boolean => requirements.has(kind);
export const isIsolation = (kind: NodeKind): boolean => isolations.has(kind);
export const isThrows = (kind: NodeKind): boolean => kind === "throws" || kind === "typedThrows";
export const isConformance = (kind: NodeKind): boolean => conformances.has(kind);
export const isExpansion = (kind: NodeKind): boolean => expansions.has(kind);
/** What stands before a whole symbol, as "@objc" does. */
export const isAttribute = (kind: NodeKind): boolean => attributes.has(kind);
