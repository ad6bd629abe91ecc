/** The fixed words of the mangling: Swift docs/ABI/Mangling.rst, "Types", "Globals" and "Identifiers". */
import type { NodeKind } from "./node.ts";

/** The module every standard type lives in. */
export const standardModule = "Swift";
/** Module of what is imported from C and Objective-C. */
export const clangModule = "__C";
/** Module of what the importer makes up. */
export const synthesizedModule = "__C_Synthesized";

export type KnownType = { kind: NodeKind; name: string };

function known(kind: NodeKind, names: Record<string, string>): [string, KnownType][] {
  return Object.entries(names).map(([letter, name]) => [letter, { kind, name }]);
}

/** Types with a letter of their own after `S`. */
export const standardTypes = new Map<string, KnownType>([
  ...known("structure", {
    A: "AutoreleasingUnsafeMutablePointer",
    a: "Array",
    b: "Bool",
    D: "Dictionary",
    d: "Double",
    f: "Float",
    h: "Set",
    I: "DefaultIndices",
    i: "Int",
    J: "Character",
    N: "ClosedRange",
    n: "Range",
    O: "ObjectIdentifier",
    P: "UnsafePointer",
    p: "UnsafeMutablePointer",
    R: "UnsafeBufferPointer",
    r: "UnsafeMutableBufferPointer",
    S: "String",
    s: "Substring",
    u: "UInt",
    V: "UnsafeRawPointer",
    v: "UnsafeMutableRawPointer",
    W: "UnsafeRawBufferPointer",
    w: "UnsafeMutableRawBufferPointer",
  }),
  ...known("enum", { q: "Optional" }),
  ...known("protocol", {
    B: "BinaryFloatingPoint",
    E: "Encodable",
    e: "Decodable",
    F: "FloatingPoint",
    G: "RandomNumberGenerator",
    H: "Hashable",
    j: "Numeric",
    K: "BidirectionalCollection",
    k: "RandomAccessCollection",
    L: "Comparable",
    l: "Collection",
    M: "MutableCollection",
    m: "RangeReplaceableCollection",
    Q: "Equatable",
    T: "Sequence",
    t: "IteratorProtocol",
    U: "UnsignedInteger",
    X: "RangeExpression",
    x: "Strideable",
    Y: "RawRepresentable",
    y: "StringProtocol",
    Z: "SignedInteger",
    z: "BinaryInteger",
  }),
]);

/** Types of the concurrency library, after `Sc`. */
export const concurrencyTypes = new Map<string, KnownType>([
  ...known("protocol", {
    A: "Actor",
    F: "Executor",
    f: "SerialExecutor",
    h: "TaskExecutor",
    I: "AsyncIteratorProtocol",
    i: "AsyncSequence",
  }),
  ...known("structure", {
    C: "CheckedContinuation",
    c: "UnsafeContinuation",
    E: "CancellationError",
    e: "UnownedSerialExecutor",
    G: "TaskGroup",
    g: "ThrowingTaskGroup",
    J: "UnownedJob",
    P: "TaskPriority",
    S: "AsyncStream",
    s: "AsyncThrowingStream",
    T: "Task",
    t: "UnsafeCurrentTask",
  }),
  ...known("class", { M: "MainActor" }),
]);

/** Types with a letter of their own after `S` in the old mangling. */
export const oldStandardTypes = new Map<string, KnownType>([
  ...known("structure", {
    a: "Array",
    b: "Bool",
    c: "UnicodeScalar",
    d: "Double",
    f: "Float",
    i: "Int",
    V: "UnsafeRawPointer",
    v: "UnsafeMutableRawPointer",
    P: "UnsafePointer",
    p: "UnsafeMutablePointer",
    R: "UnsafeBufferPointer",
    r: "UnsafeMutableBufferPointer",
    S: "String",
    u: "UInt",
  }),
  ...known("enum", { q: "Optional", Q: "ImplicitlyUnwrappedOptional" }),
]);

/** What a name of the Builtin module starts with. */
export const builtinPrefix = "Builtin.";

/** Builtin types without a parameter, after `B`. */
export const builtinTypes: Record<string, string> = {
  A: "Builtin.ImplicitActor",
  b: "Builtin.BridgeObject",
  B: "Builtin.UnsafeValueBuffer",
  c: "Builtin.RawUnsafeContinuation",
  D: "Builtin.DefaultActorStorage",
  d: "Builtin.NonDefaultDistributedActorStorage",
  e: "Builtin.Executor",
  I: "Builtin.IntLiteral",
  j: "Builtin.Job",
  O: "Builtin.UnknownObject",
  o: "Builtin.NativeObject",
  P: "Builtin.PackIndex",
  p: "Builtin.RawPointer",
  t: "Builtin.SILToken",
  w: "Builtin.Word",
};

/** Functions of a value witness table, by their two letters. */
export const valueWitnesses: Record<string, string> = {
  al: "allocateBuffer",
  ca: "assignWithCopy",
  ta: "assignWithTake",
  de: "deallocateBuffer",
  xx: "destroy",
  XX: "destroyBuffer",
  Xx: "destroyArray",
  CP: "initializeBufferWithCopyOfBuffer",
  Cp: "initializeBufferWithCopy",
  cp: "initializeWithCopy",
  TK: "initializeBufferWithTakeOfBuffer",
  Tk: "initializeBufferWithTake",
  tk: "initializeWithTake",
  pr: "projectBuffer",
  xs: "storeExtraInhabitant",
  xg: "getExtraInhabitantIndex",
  Cc: "initializeArrayWithCopy",
  Tt: "initializeArrayWithTakeFrontToBack",
  tT: "initializeArrayWithTakeBackToFront",
  ug: "getEnumTag",
  up: "destructiveProjectEnumData",
  ui: "destructiveInjectEnumTag",
  et: "getEnumTagSinglePayload",
  st: "storeEnumTagSinglePayload",
};

/** Accessors by their letter or letters. */
export const accessors: Record<string, string> = {
  m: "materializeForSet",
  s: "setter",
  g: "getter",
  G: "getter",
  w: "willset",
  W: "didset",
  r: "read",
  M: "modify",
  y: "read2",
  x: "modify2",
  i: "init",
  b: "borrow",
  z: "mutate",
};

/** Addressors that give a pointer to change through, after `a`. */
export const mutableAddressors: Record<string, string> = {
  O: "owningMutableAddressor",
  o: "nativeOwningMutableAddressor",
  p: "nativePinningMutableAddressor",
  P: "nativePinningMutableAddressor",
  u: "unsafeMutableAddressor",
};

/** Addressors that give a pointer to read through, after `l`. */
export const addressors: Record<string, string> = {
  O: "owningAddressor",
  o: "nativeOwningAddressor",
  p: "nativePinningAddressor",
  u: "unsafeAddressor",
};

/** How a metatype is held. */
export const metatypeRepresentations: Record<string, string> = { t: "@thin", T: "@thick", o: "@objc_metatype" };

/** Layouts a generic parameter can be held to. The sized ones are followed by one or two numbers; `B` and `S` have no spelling. */
export const layouts: Record<string, { name: string; sizes: 0 | 1 | 2 }> = {
  U: { name: "_UnknownLayout", sizes: 0 },
  R: { name: "_RefCountedObject", sizes: 0 },
  N: { name: "_NativeRefCountedObject", sizes: 0 },
  C: { name: "AnyObject", sizes: 0 },
  D: { name: "_NativeClass", sizes: 0 },
  T: { name: "_Trivial", sizes: 0 },
  B: { name: "", sizes: 0 },
  E: { name: "_Trivial", sizes: 2 },
  e: { name: "_Trivial", sizes: 1 },
  M: { name: "_TrivialAtMost", sizes: 2 },
  m: { name: "_TrivialAtMost", sizes: 1 },
  S: { name: "", sizes: 1 },
};

/** Kinds of differentiability. */
export const differentiabilities: Record<string, string> = {
  f: "@differentiable(_forward)",
  r: "@differentiable(reverse)",
  d: "@differentiable",
  l: "@differentiable(_linear)",
};

const operatorCharacters: Record<string, string> = {
  a: "&",
  c: "@",
  d: "/",
  e: "=",
  g: ">",
  l: "<",
  m: "*",
  n: "!",
  o: "|",
  p: "+",
  q: "?",
  r: "%",
  s: "-",
  t: "~",
  x: "^",
  z: ".",
};

/** The fixity of an operator, as it stands after its name. */
export const fixities: Record<string, string> = { i: " infix", p: " prefix", P: " postfix" };

/** Longest operator. Identifiers repeated by reference can be long, operators never are. */
const maxOperatorLength = 256;

/** The operator an identifier of letters stands for, or null. */
export function operatorText(letters: string): string | null {
  if (letters.length > maxOperatorLength) return null;
  let text = "";
  for (const letter of letters) {
    const character = letter.charCodeAt(0) > 0x7f ? letter : operatorCharacters[letter];
    if (character === undefined) return null;
    text += character;
  }
  return text;
}

/** The name of a generic parameter: A, B, … Z, AB, …; with the depth of its declaration behind it, except at the outermost. */
export function parameterName(depth: number, index: number): string {
  let name = "";
  let rest = index;
  do {
    name += String.fromCharCode(0x41 + (rest % 26));
    rest = Math.floor(rest / 26);
  } while (rest > 0);
  return depth === 0 ? name : name + depth;
}
