/** Nodes of templates: arguments, packs and their expansion, references to arguments further on, declared parameters. */
import { ASK, HAS_RIGHT, Node, printAngled, printList } from "./node.ts";
import { noPack, type Output } from "./output.ts";

/** `name<arguments>` */
export class TemplatedName extends Node {
  declare readonly name: Node;
  declare readonly templateArguments: Node;

  constructor(name: Node, templateArguments: Node) {
    super();
    this.name = name;
    this.templateArguments = templateArguments;
  }

  protected override left(out: Output): void {
    this.name.print(out);
    this.templateArguments.print(out);
  }

  override lastName(): Node {
    return this.name.lastName();
  }
}

/** `<…>` */
export class TemplateArguments extends Node {
  declare readonly nodes: readonly Node[];

  constructor(nodes: readonly Node[]) {
    super();
    this.nodes = nodes;
  }

  protected override left(out: Output): void {
    printAngled(this.nodes, out);
  }
}

/** Nodes with commas between: an argument pack as it stands in an argument list. */
export class NodeList extends Node {
  declare readonly nodes: readonly Node[];

  constructor(nodes: readonly Node[]) {
    super();
    this.nodes = nodes;
  }

  protected override left(out: Output): void {
    printList(this.nodes, out);
  }
}

/** A pack as a parameter refers to it: prints the element whose turn it is. */
export class Pack extends Node {
  declare readonly nodes: readonly Node[];

  constructor(nodes: readonly Node[]) {
    super(ASK);
    this.nodes = nodes;
  }

  #current(out: Output): Node | undefined {
    if (out.packLength === noPack) {
      out.packLength = this.nodes.length;
      out.packIndex = 0;
    }
    return this.nodes[out.packIndex];
  }

  protected override askShape(out: Output): number {
    return this.#current(out)?.shape(out) ?? 0;
  }

  override actual(out: Output): Node {
    if (!out.enter()) return this;
    const actual = this.#current(out)?.actual(out) ?? this;
    out.leave();
    return actual;
  }

  protected override left(out: Output): void {
    this.#current(out)?.printLeft(out);
  }

  protected override right(out: Output): void {
    this.#current(out)?.printRight(out);
  }
}

/** `child...`: the child once for each element of the pack in it; with no pack in it (a function parameter) the dots themselves. */
export class PackExpansion extends Node {
  declare readonly child: Node;

  constructor(child: Node) {
    super();
    this.child = child;
  }

  protected override left(out: Output): void {
    const { packIndex, packLength, text, last } = out;
    out.packIndex = noPack;
    out.packLength = noPack;
    this.child.print(out);
    const found: number = out.packLength;
    if (found === noPack) out.write("...");
    else if (found === 0) {
      out.text = text;
      out.last = last;
    }
    for (let i = 1; i < found && !out.failed; i++) {
      out.write(", ");
      out.packIndex = i;
      this.child.print(out);
    }
    out.packIndex = packIndex;
    out.packLength = packLength;
  }
}

/** `(pack)...[index]`: one element of a pack, which is spread out. */
export class PackIndexing extends Node {
  declare readonly expansion: PackExpansion;
  declare readonly index: Node;

  constructor(pack: Node, index: Node) {
    super();
    this.expansion = new PackExpansion(pack);
    this.index = index;
  }

  protected override left(out: Output): void {
    out.open("(");
    this.expansion.print(out);
    out.close(")");
    out.write("...");
    out.open("[");
    this.index.print(out);
    out.close("]");
  }
}

/**
 * A template argument that stands further on in the name: conversion operators name their type before their arguments. An argument that is
 * made with the reference itself would never end: the name is damaged.
 */
export class ForwardReference extends Node {
  declare readonly index: number;
  /** Set when the arguments are known. */
  target: Node | null = null;
  #active = false;

  constructor(index: number) {
    super(ASK);
    this.index = index;
  }

  /** The target, unless it is being asked already. */
  #enter(out: Output): Node | null {
    if (this.#active || this.target === null) {
      out.failed = true;
      return null;
    }
    this.#active = true;
    return this.target;
  }

  protected override askShape(out: Output): number {
    const shape = this.#enter(out)?.shape(out) ?? 0;
    this.#active = false;
    return shape;
  }

  override actual(out: Output): Node {
    const actual = this.#enter(out)?.actual(out) ?? this;
    this.#active = false;
    return actual;
  }

  protected override left(out: Output): void {
    this.#enter(out)?.printLeft(out);
    this.#active = false;
  }

  protected override right(out: Output): void {
    this.#enter(out)?.printRight(out);
    this.#active = false;
  }
}

/** A declared template parameter: `typename $T`, `concept $T`. The name is the right part, so that a pack's dots go between. */
export class TypeParameter extends Node {
  declare readonly kind: Node;
  declare readonly name: Node;

  constructor(kind: Node, name: Node) {
    super(HAS_RIGHT);
    this.kind = kind;
    this.name = name;
  }

  protected override left(out: Output): void {
    this.kind.print(out);
    out.write(" ");
  }

  protected override right(out: Output): void {
    this.name.print(out);
  }
}

/** `int $N` */
export class ValueParameter extends Node {
  declare readonly type: Node;
  declare readonly name: Node;

  constructor(type: Node, name: Node) {
    super(HAS_RIGHT);
    this.type = type;
    this.name = name;
  }

  protected override left(out: Output): void {
    this.type.printLeft(out);
    if (!(this.type.shape(out) & HAS_RIGHT)) out.write(" ");
  }

  protected override right(out: Output): void {
    this.name.print(out);
    this.type.printRight(out);
  }
}

/** `template<typename $T> typename $TT` */
export class TemplateParameter extends Node {
  declare readonly parameters: readonly Node[];
  declare readonly name: Node;
  declare readonly requires: Node | null;

  constructor(parameters: readonly Node[], name: Node, requires: Node | null) {
    super(HAS_RIGHT);
    this.parameters = parameters;
    this.name = name;
    this.requires = requires;
  }

  protected override left(out: Output): void {
    out.write("template");
    printAngled(this.parameters, out);
    out.write(" typename ");
  }

  protected override right(out: Output): void {
    this.name.print(out);
    if (this.requires !== null) {
      out.write(" requires ");
      this.requires.print(out);
    }
  }
}

/** `typename ...$T` */
export class ParameterPackDeclaration extends Node {
  declare readonly parameter: Node;

  constructor(parameter: Node) {
    super(HAS_RIGHT);
    this.parameter = parameter;
  }

  protected override left(out: Output): void {
    this.parameter.printLeft(out);
    out.write("...");
  }

  protected override right(out: Output): void {
    this.parameter.printRight(out);
  }
}
