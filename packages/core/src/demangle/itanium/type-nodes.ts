/** Nodes of types: declarators with a left and a right part, and small forms that surround a type with words. */

import { printQualifiers } from "./name-nodes.ts";
import { ASK, HAS_RIGHT, IS_ARRAY, IS_FUNCTION, Node, printParenthesized } from "./node.ts";
import type { Output } from "./output.ts";

/** Pointers and references to a shape keep only its right part: they are neither arrays nor functions. */
function behindPointer(child: Node): number {
  return child.knownShape === ASK ? ASK : child.knownShape & HAS_RIGHT;
}

function openDeclarator(shape: number, out: Output): void {
  if (shape & IS_ARRAY) out.write(" ");
  if (shape & (IS_ARRAY | IS_FUNCTION)) out.write("(");
}

function closeDeclarator(shape: number, out: Output): void {
  if (shape & (IS_ARRAY | IS_FUNCTION)) out.write(")");
}

/** `type const volatile` */
export class QualifiedType extends Node {
  declare readonly child: Node;
  declare readonly qualifiers: number;

  constructor(child: Node, qualifiers: number) {
    super(child.knownShape);
    this.child = child;
    this.qualifiers = qualifiers;
  }

  protected override askShape(out: Output): number {
    return this.child.shape(out);
  }

  protected override left(out: Output): void {
    this.child.printLeft(out);
    printQualifiers(this.qualifiers, out);
  }

  protected override right(out: Output): void {
    this.child.printRight(out);
  }
}

/** An Objective-C object type with a protocol; a pointer to `objc_object<P>` is `id<P>`. */
export class ObjcProtocolType extends Node {
  declare readonly child: Node;
  declare readonly protocol: string;
  /** The type is `objc_object` itself. */
  declare readonly isObject: boolean;

  constructor(child: Node, protocol: string, isObject: boolean) {
    super();
    this.child = child;
    this.protocol = protocol;
    this.isObject = isObject;
  }

  protected override left(out: Output): void {
    this.child.print(out);
    out.write("<");
    out.write(this.protocol);
    out.write(">");
  }
}

export class PointerType extends Node {
  declare readonly child: Node;

  constructor(child: Node) {
    super(behindPointer(child));
    this.child = child;
  }

  protected override askShape(out: Output): number {
    return this.child.shape(out) & HAS_RIGHT;
  }

  protected override left(out: Output): void {
    if (this.child instanceof ObjcProtocolType && this.child.isObject) {
      out.write("id<");
      out.write(this.child.protocol);
      out.write(">");
      return;
    }
    this.child.printLeft(out);
    openDeclarator(this.child.shape(out), out);
    out.write("*");
  }

  protected override right(out: Output): void {
    closeDeclarator(this.child.shape(out), out);
    this.child.printRight(out);
  }
}

/** References to references collapse: only `&&` to `&&` stays `&&`. */
export class ReferenceType extends Node {
  declare readonly child: Node;
  declare readonly isLvalue: boolean;

  constructor(child: Node, isLvalue: boolean) {
    super(behindPointer(child));
    this.child = child;
    this.isLvalue = isLvalue;
  }

  protected override askShape(out: Output): number {
    return this.child.shape(out) & HAS_RIGHT;
  }

  /** What is referred to at last. A cycle through references to later arguments ends by the limit of steps. */
  #target(out: Output): Node {
    let target = this.child.actual(out);
    while (target instanceof ReferenceType && out.enter()) {
      out.leave();
      target = target.child.actual(out);
    }
    return target;
  }

  #isLvalueAtLast(out: Output): boolean {
    let reference: ReferenceType = this;
    while (!reference.isLvalue && out.enter()) {
      out.leave();
      const target = reference.child.actual(out);
      if (!(target instanceof ReferenceType)) return false;
      reference = target;
    }
    return true;
  }

  protected override left(out: Output): void {
    const target = this.#target(out);
    target.printLeft(out);
    openDeclarator(target.shape(out), out);
    out.write(this.#isLvalueAtLast(out) ? "&" : "&&");
  }

  protected override right(out: Output): void {
    const target = this.#target(out);
    closeDeclarator(target.shape(out), out);
    target.printRight(out);
  }
}

/** `member class::*` */
export class MemberPointerType extends Node {
  declare readonly ofClass: Node;
  declare readonly member: Node;

  constructor(ofClass: Node, member: Node) {
    super(behindPointer(member));
    this.ofClass = ofClass;
    this.member = member;
  }

  protected override askShape(out: Output): number {
    return this.member.shape(out) & HAS_RIGHT;
  }

  protected override left(out: Output): void {
    this.member.printLeft(out);
    out.write(this.member.shape(out) & (IS_ARRAY | IS_FUNCTION) ? "(" : " ");
    this.ofClass.print(out);
    out.write("::*");
  }

  protected override right(out: Output): void {
    closeDeclarator(this.member.shape(out), out);
    this.member.printRight(out);
  }
}

export class ArrayType extends Node {
  declare readonly element: Node;
  declare readonly size: Node | null;

  constructor(element: Node, size: Node | null) {
    super(HAS_RIGHT | IS_ARRAY);
    this.element = element;
    this.size = size;
  }

  protected override left(out: Output): void {
    this.element.printLeft(out);
  }

  protected override right(out: Output): void {
    if (!out.last.endsWith("]")) out.write(" ");
    out.write("[");
    this.size?.print(out);
    out.write("]");
    this.element.printRight(out);
  }
}

/** `ret (parameters) qualifiers noexcept` */
export class FunctionType extends Node {
  declare readonly returns: Node;
  declare readonly parameters: readonly Node[];
  declare readonly qualifiers: number;
  declare readonly exceptions: Node | null;

  constructor(returns: Node, parameters: readonly Node[], qualifiers: number, exceptions: Node | null) {
    super(HAS_RIGHT | IS_FUNCTION);
    this.returns = returns;
    this.parameters = parameters;
    this.qualifiers = qualifiers;
    this.exceptions = exceptions;
  }

  protected override left(out: Output): void {
    this.returns.printLeft(out);
    out.write(" ");
  }

  protected override right(out: Output): void {
    printParenthesized(this.parameters, out);
    this.returns.printRight(out);
    printQualifiers(this.qualifiers, out);
    if (this.exceptions !== null) {
      out.write(" ");
      this.exceptions.print(out);
    }
  }
}

/** `throw(types)` behind a function type. */
export class ThrowSpecification extends Node {
  declare readonly types: readonly Node[];

  constructor(types: readonly Node[]) {
    super();
    this.types = types;
  }

  protected override left(out: Output): void {
    out.write("throw");
    printParenthesized(this.types, out);
  }
}

/** `element vector[size]` */
export class VectorType extends Node {
  declare readonly element: Node;
  declare readonly size: Node | null;

  constructor(element: Node, size: Node | null) {
    super();
    this.element = element;
    this.size = size;
  }

  protected override left(out: Output): void {
    this.element.print(out);
    out.write(" vector[");
    this.size?.print(out);
    out.write("]");
  }
}

/** A type with words or template arguments behind it: `double complex`, `concept auto`, `int attribute<1>`. */
export class PostfixedType extends Node {
  declare readonly child: Node;
  declare readonly postfix: string;
  declare readonly templateArguments: Node | null;

  constructor(child: Node, postfix: string, templateArguments: Node | null) {
    super();
    this.child = child;
    this.postfix = postfix;
    this.templateArguments = templateArguments;
  }

  protected override left(out: Output): void {
    this.child.print(out);
    out.write(this.postfix);
    this.templateArguments?.print(out);
  }
}

/** `words(child)`: `decltype(…)`, `_BitInt(…)`, `noexcept(…)`, `sizeof (…)`, vendors' type transformations. */
export class Enclosed extends Node {
  declare readonly prefix: string;
  declare readonly child: Node;

  constructor(prefix: string, child: Node, precedence = 0) {
    super(0, precedence);
    this.prefix = prefix;
    this.child = child;
  }

  protected override left(out: Output): void {
    out.write(this.prefix);
    out.open("(");
    this.child.print(out);
    out.close(")");
  }
}
