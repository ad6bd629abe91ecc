/** Nodes of names: scopes, tags, constructors, closures, functions with their parameters, special names. */
import { HAS_RIGHT, IS_FUNCTION, Node, printAngled, printList, printParenthesized, Text } from "./node.ts";
import type { Output } from "./output.ts";

/** `scope::name`, also local names `function()::name` and `scope::friend name`. */
export class ScopedName extends Node {
  declare readonly scope: Node;
  declare readonly separator: string;
  declare readonly name: Node;

  constructor(scope: Node, separator: string, name: Node) {
    super();
    this.scope = scope;
    this.separator = separator;
    this.name = name;
  }

  protected override left(out: Output): void {
    this.scope.print(out);
    out.write(this.separator);
    this.name.print(out);
  }

  override lastName(): Node {
    return this.name.lastName();
  }
}

/** Words before a thing: `vtable for X`, `operator X`, `::x`, `~X`, `throw x`. */
export class Prefixed extends Node {
  declare readonly prefix: string;
  declare readonly child: Node;

  constructor(prefix: string, child: Node) {
    super();
    this.prefix = prefix;
    this.child = child;
  }

  protected override left(out: Output): void {
    out.write(this.prefix);
    this.child.print(out);
  }

  override lastName(): Node {
    return this.child.lastName();
  }
}

export class ConstructionVtable extends Node {
  declare readonly outer: Node;
  declare readonly inner: Node;

  constructor(outer: Node, inner: Node) {
    super();
    this.outer = outer;
    this.inner = inner;
  }

  protected override left(out: Output): void {
    out.write("construction vtable for ");
    this.inner.print(out);
    out.write("-in-");
    this.outer.print(out);
  }
}

/** A module's name with its parents: `a.b:partition`. */
export class ModuleName extends Node {
  declare readonly parent: ModuleName | null;
  declare readonly name: Node;
  declare readonly isPartition: boolean;

  constructor(parent: ModuleName | null, name: Node, isPartition: boolean) {
    super();
    this.parent = parent;
    this.name = name;
    this.isPartition = isPartition;
  }

  protected override left(out: Output): void {
    this.parent?.print(out);
    if (this.isPartition) out.write(":");
    else if (this.parent !== null) out.write(".");
    this.name.print(out);
  }
}

/** `name@module` */
export class ModuleEntity extends Node {
  declare readonly name: Node;
  declare readonly module: ModuleName;

  constructor(name: Node, module: ModuleName) {
    super();
    this.name = name;
    this.module = module;
  }

  protected override left(out: Output): void {
    this.name.print(out);
    out.write("@");
    this.module.print(out);
  }

  override lastName(): Node {
    return this.name.lastName();
  }
}

/** `name[abi:tag][abi:tag]` */
export class AbiTagged extends Node {
  declare readonly name: Node;
  /** All of them, as they are printed. */
  declare readonly tags: string;

  constructor(name: Node, tags: string) {
    super();
    this.name = name;
    this.tags = tags;
  }

  protected override left(out: Output): void {
    this.name.print(out);
    out.write(this.tags);
  }

  override lastName(): Node {
    return this.name.lastName();
  }
}

/** Structured bindings, `[a, b]`. */
export class Bindings extends Node {
  declare readonly names: readonly Node[];

  constructor(names: readonly Node[]) {
    super();
    this.names = names;
  }

  protected override left(out: Output): void {
    out.open("[");
    printList(this.names, out);
    out.close("]");
  }
}

/** Constructor or destructor, named like its class. */
export class Structor extends Node {
  declare readonly ofClass: Node;
  declare readonly isDestructor: boolean;

  constructor(ofClass: Node, isDestructor: boolean) {
    super();
    this.ofClass = ofClass;
    this.isDestructor = isDestructor;
  }

  protected override left(out: Output): void {
    if (this.isDestructor) out.write("~");
    this.ofClass.lastName().print(out);
  }
}

/** One of the abbreviated names of the standard library (`Ss` is `std::string`). */
export class StandardName extends Node {
  /** `allocator`, `basic_string`, `string`, `istream`… */
  declare readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  protected override left(out: Output): void {
    out.write("std::");
    out.write(this.name);
  }

  override lastName(): Node {
    return new Text(this.name);
  }

  /** The class itself: `std::string` is an alias and has no constructor of that name. */
  expanded(): Node {
    if (this.name === "allocator" || this.name === "basic_string") return this;
    const basic = this.name === "string" ? "basic_string" : `basic_${this.name}`;
    return new StandardClass(basic, this.name === "string");
  }
}

class StandardClass extends Node {
  declare readonly name: string;
  declare readonly hasAllocator: boolean;

  constructor(name: string, hasAllocator: boolean) {
    super();
    this.name = name;
    this.hasAllocator = hasAllocator;
  }

  protected override left(out: Output): void {
    out.write("std::");
    out.write(this.name);
    out.write(this.hasAllocator ? "<char, std::char_traits<char>, std::allocator<char>>" : "<char, std::char_traits<char>>");
  }

  override lastName(): Node {
    return new Text(this.name);
  }
}

/** The type of a lambda: `'lambda0'<typename $T>($T)`. */
export class Closure extends Node {
  declare readonly templateParameters: readonly Node[];
  declare readonly templateRequires: Node | null;
  declare readonly parameters: readonly Node[];
  declare readonly requires: Node | null;
  declare readonly count: string;

  constructor(
    templateParameters: readonly Node[],
    templateRequires: Node | null,
    parameters: readonly Node[],
    requires: Node | null,
    count: string,
  ) {
    super();
    this.templateParameters = templateParameters;
    this.templateRequires = templateRequires;
    this.parameters = parameters;
    this.requires = requires;
    this.count = count;
  }

  protected override left(out: Output): void {
    out.write("'lambda");
    out.write(this.count);
    out.write("'");
    this.printDeclarator(out);
  }

  printDeclarator(out: Output): void {
    if (this.templateParameters.length > 0) printAngled(this.templateParameters, out);
    if (this.templateRequires !== null) {
      out.write(" requires ");
      this.templateRequires.print(out);
      out.write(" ");
    }
    printParenthesized(this.parameters, out);
    if (this.requires !== null) {
      out.write(" requires ");
      this.requires.print(out);
    }
  }
}

/** Bits of the qualifiers of types and member functions. */
export const CONST = 1;
export const VOLATILE = 2;
export const RESTRICT = 4;
export const LVALUE = 8;
export const RVALUE = 16;

export function printQualifiers(qualifiers: number, out: Output): void {
  if (qualifiers & CONST) out.write(" const");
  if (qualifiers & VOLATILE) out.write(" volatile");
  if (qualifiers & RESTRICT) out.write(" restrict");
  if (qualifiers & LVALUE) out.write(" &");
  if (qualifiers & RVALUE) out.write(" &&");
}

/** A function with its type: `ret name(parameters) qualifiers [enable_if:…] requires …`. */
export class FunctionEncoding extends Node {
  declare readonly returns: Node | null;
  declare readonly name: Node;
  declare readonly parameters: readonly Node[];
  declare readonly qualifiers: number;
  /** Conditions of the attribute enable_if. */
  declare readonly conditions: readonly Node[] | null;
  declare readonly requires: Node | null;

  constructor(
    returns: Node | null,
    name: Node,
    parameters: readonly Node[],
    qualifiers: number,
    conditions: readonly Node[] | null,
    requires: Node | null,
  ) {
    super(HAS_RIGHT | IS_FUNCTION);
    this.returns = returns;
    this.name = name;
    this.parameters = parameters;
    this.qualifiers = qualifiers;
    this.conditions = conditions;
    this.requires = requires;
  }

  protected override left(out: Output): void {
    if (this.returns !== null) {
      this.returns.printLeft(out);
      if (!(this.returns.shape(out) & HAS_RIGHT)) out.write(" ");
    }
    this.name.print(out);
  }

  protected override right(out: Output): void {
    if (!out.nameOnly || out.depth > 1) printParenthesized(this.parameters, out);
    this.returns?.printRight(out);
    printQualifiers(this.qualifiers, out);
    if (this.conditions !== null) {
      out.write(" [enable_if:");
      printList(this.conditions, out);
      out.write("]");
    }
    if (this.requires !== null) {
      out.write(" requires ");
      this.requires.print(out);
    }
  }
}

/** What a compiler appended when it split or cloned the function: `f() (.cold)`. */
export class Suffixed extends Node {
  declare readonly child: Node;
  declare readonly suffix: Node;

  constructor(child: Node, suffix: Node) {
    super();
    this.child = child;
    this.suffix = suffix;
  }

  protected override left(out: Output): void {
    this.child.print(out);
    out.write(" (");
    this.suffix.print(out);
    out.write(")");
  }
}
