/** Nodes of expressions, as they stand in template arguments, array sizes, decltype, noexcept and constraints. */

import { Closure } from "./name-nodes.ts";
import { ANY, ASSIGN, CAST, LOGICAL_OR, Node, POSTFIX, printAngled, printList, printParenthesized, UNARY } from "./node.ts";
import type { Output } from "./output.ts";
import { PackExpansion } from "./template-nodes.ts";

export class BinaryExpression extends Node {
  declare readonly lhs: Node;
  declare readonly operator: string;
  declare readonly rhs: Node;

  constructor(lhs: Node, operator: string, rhs: Node, precedence: number) {
    super(0, precedence);
    this.lhs = lhs;
    this.operator = operator;
    this.rhs = rhs;
  }

  protected override left(out: Output): void {
    const inParentheses = out.parentheses === 0 && (this.operator === ">" || this.operator === ">>");
    if (inParentheses) out.open("(");
    const isAssignment = this.precedence === ASSIGN;
    this.lhs.printOperand(out, isAssignment ? LOGICAL_OR : this.precedence, !isAssignment);
    if (this.operator !== ",") out.write(" ");
    out.write(this.operator);
    out.write(" ");
    this.rhs.printOperand(out, this.precedence, isAssignment);
    if (inParentheses) out.close(")");
  }
}

/** `base[index]` */
export class Subscript extends Node {
  declare readonly base: Node;
  declare readonly index: Node;

  constructor(base: Node, index: Node) {
    super(0, POSTFIX);
    this.base = base;
    this.index = index;
  }

  protected override left(out: Output): void {
    this.base.printOperand(out, POSTFIX, false);
    out.open("[");
    this.index.printOperand(out, ANY, false);
    out.close("]");
  }
}

export class PrefixExpression extends Node {
  declare readonly operator: string;
  declare readonly child: Node;

  constructor(operator: string, child: Node, precedence: number) {
    super(0, precedence);
    this.operator = operator;
    this.child = child;
  }

  protected override left(out: Output): void {
    out.write(this.operator);
    this.child.printOperand(out, this.precedence, false);
  }
}

export class PostfixExpression extends Node {
  declare readonly child: Node;
  declare readonly operator: string;

  constructor(child: Node, operator: string) {
    super(0, POSTFIX);
    this.child = child;
    this.operator = operator;
  }

  protected override left(out: Output): void {
    this.child.printOperand(out, POSTFIX, true);
    out.write(this.operator);
  }
}

export class ConditionalExpression extends Node {
  declare readonly condition: Node;
  declare readonly yes: Node;
  declare readonly no: Node;

  constructor(condition: Node, yes: Node, no: Node, precedence: number) {
    super(0, precedence);
    this.condition = condition;
    this.yes = yes;
    this.no = no;
  }

  protected override left(out: Output): void {
    this.condition.printOperand(out, this.precedence, false);
    out.write(" ? ");
    this.yes.printOperand(out, ANY, false);
    out.write(" : ");
    this.no.printOperand(out, ASSIGN, true);
  }
}

/** `object.member`, `object->*member` */
export class MemberExpression extends Node {
  declare readonly object: Node;
  declare readonly operator: string;
  declare readonly member: Node;

  constructor(object: Node, operator: string, member: Node, precedence: number) {
    super(0, precedence);
    this.object = object;
    this.operator = operator;
    this.member = member;
  }

  protected override left(out: Output): void {
    this.object.printOperand(out, this.precedence, true);
    out.write(this.operator);
    this.member.printOperand(out, this.precedence, false);
  }
}

/** `static_cast<type>(child)` */
export class NamedCast extends Node {
  declare readonly cast: string;
  declare readonly type: Node;
  declare readonly child: Node;

  constructor(cast: string, type: Node, child: Node) {
    super(0, POSTFIX);
    this.cast = cast;
    this.type = type;
    this.child = child;
  }

  protected override left(out: Output): void {
    out.write(this.cast);
    printAngled([this.type], out);
    out.open("(");
    this.child.printOperand(out, ANY, false);
    out.close(")");
  }
}

/** `(type)(arguments)` */
export class Conversion extends Node {
  declare readonly type: Node;
  declare readonly nodes: readonly Node[];

  constructor(type: Node, nodes: readonly Node[], precedence: number) {
    super(0, precedence);
    this.type = type;
    this.nodes = nodes;
  }

  protected override left(out: Output): void {
    out.open("(");
    this.type.print(out);
    out.close(")");
    printParenthesized(this.nodes, out);
  }
}

export class Call extends Node {
  declare readonly callee: Node;
  declare readonly calleeInParentheses: boolean;
  declare readonly nodes: readonly Node[];

  constructor(callee: Node, calleeInParentheses: boolean, nodes: readonly Node[]) {
    super(0, POSTFIX);
    this.callee = callee;
    this.calleeInParentheses = calleeInParentheses;
    this.nodes = nodes;
  }

  protected override left(out: Output): void {
    if (this.calleeInParentheses) out.open("(");
    this.callee.print(out);
    if (this.calleeInParentheses) out.close(")");
    printParenthesized(this.nodes, out);
  }
}

/** `::new[](placement) type(initializers)` */
export class NewExpression extends Node {
  declare readonly keyword: string;
  declare readonly placement: readonly Node[];
  declare readonly type: Node;
  declare readonly initializers: readonly Node[];

  constructor(keyword: string, placement: readonly Node[], type: Node, initializers: readonly Node[]) {
    super(0, UNARY);
    this.keyword = keyword;
    this.placement = placement;
    this.type = type;
    this.initializers = initializers;
  }

  protected override left(out: Output): void {
    out.write(this.keyword);
    if (this.placement.length > 0) printParenthesized(this.placement, out);
    out.write(" ");
    this.type.print(out);
    if (this.initializers.length > 0) printParenthesized(this.initializers, out);
  }
}

/** Words and an operand: `throw x`, `delete[] x`. */
export class KeywordExpression extends Node {
  declare readonly keyword: string;
  declare readonly child: Node;

  constructor(keyword: string, child: Node, precedence: number) {
    super(0, precedence);
    this.keyword = keyword;
    this.child = child;
  }

  protected override left(out: Output): void {
    out.write(this.keyword);
    this.child.print(out);
  }
}

/** `sizeof...(pack)` of a template parameter: the pack is spread out. */
export class SizeofPack extends Node {
  declare readonly expansion: PackExpansion;

  constructor(pack: Node) {
    super();
    this.expansion = new PackExpansion(pack);
  }

  protected override left(out: Output): void {
    out.write("sizeof...");
    out.open("(");
    this.expansion.printLeft(out);
    out.close(")");
  }
}

/** `type{a, b}`, or without type `{a, b}`. */
export class InitializerList extends Node {
  declare readonly type: Node | null;
  declare readonly nodes: readonly Node[];

  constructor(type: Node | null, nodes: readonly Node[]) {
    super();
    this.type = type;
    this.nodes = nodes;
  }

  protected override left(out: Output): void {
    this.type?.print(out);
    out.write("{");
    printList(this.nodes, out);
    out.write("}");
  }
}

/** `.field = value`, `[index] = value`, `[first ... last] = value`; designators that follow each other have no `=` between. */
export class DesignatedInitializer extends Node {
  declare readonly before: string;
  declare readonly first: Node;
  declare readonly last: Node | null;
  declare readonly after: string;
  declare readonly value: Node;

  constructor(before: string, first: Node, last: Node | null, after: string, value: Node) {
    super();
    this.before = before;
    this.first = first;
    this.last = last;
    this.after = after;
    this.value = value;
  }

  protected override left(out: Output): void {
    out.write(this.before);
    this.first.print(out);
    if (this.last !== null) {
      out.write(" ... ");
      this.last.print(out);
    }
    out.write(this.after);
    if (!(this.value instanceof DesignatedInitializer)) out.write(" = ");
    this.value.print(out);
  }
}

/** `(... op pack)`, `(pack op ... op initial)`: `pack` as it is spread out, `initial` null in unary folds. */
export class FoldExpression extends Node {
  declare readonly isLeft: boolean;
  declare readonly operator: string;
  declare readonly expansion: PackExpansion;
  declare readonly initial: Node | null;

  constructor(isLeft: boolean, operator: string, pack: Node, initial: Node | null) {
    super();
    this.isLeft = isLeft;
    this.operator = operator;
    this.expansion = new PackExpansion(pack);
    this.initial = initial;
  }

  #printPack(out: Output): void {
    out.open("(");
    this.expansion.print(out);
    out.close(")");
  }

  protected override left(out: Output): void {
    const operator = ` ${this.operator} `;
    out.open("(");
    if (!this.isLeft) {
      this.#printPack(out);
      out.write(operator);
    } else if (this.initial !== null) {
      this.initial.printOperand(out, CAST, true);
      out.write(operator);
    }
    out.write("...");
    if (this.isLeft) {
      out.write(operator);
      this.#printPack(out);
    } else if (this.initial !== null) {
      out.write(operator);
      this.initial.printOperand(out, CAST, true);
    }
    out.close(")");
  }
}

/** Part of an object named by type and byte offset: `object.<int at offset 4>`. */
export class Subobject extends Node {
  declare readonly object: Node;
  declare readonly type: Node;
  declare readonly offset: string;

  constructor(object: Node, type: Node, offset: string) {
    super();
    this.object = object;
    this.type = type;
    this.offset = offset;
  }

  protected override left(out: Output): void {
    this.object.print(out);
    out.write(".<");
    this.type.print(out);
    out.write(" at offset ");
    out.write(this.offset);
    out.write(">");
  }
}

/** A number with its type: in parentheses before it, or as a suffix. */
export class Literal extends Node {
  declare readonly type: Node | null;
  declare readonly text: string;

  constructor(type: Node | null, text: string) {
    super();
    this.type = type;
    this.text = text;
  }

  protected override left(out: Output): void {
    if (this.type !== null) {
      out.open("(");
      this.type.print(out);
      out.close(")");
    }
    out.write(this.text);
  }
}

/** A string literal, of which the name states only the type. */
export class StringLiteral extends Node {
  declare readonly type: Node;

  constructor(type: Node) {
    super();
    this.type = type;
  }

  protected override left(out: Output): void {
    out.write('"<');
    this.type.print(out);
    out.write('>"');
  }
}

/** `[](parameters){...}` */
export class LambdaExpression extends Node {
  declare readonly closure: Node;

  constructor(closure: Node) {
    super();
    this.closure = closure;
  }

  protected override left(out: Output): void {
    out.write("[]");
    if (this.closure instanceof Closure) this.closure.printDeclarator(out);
    out.write("{...}");
  }
}

/** `requires (parameters) { requirements }` */
export class RequiresExpression extends Node {
  declare readonly parameters: readonly Node[];
  declare readonly requirements: readonly Node[];

  constructor(parameters: readonly Node[], requirements: readonly Node[]) {
    super();
    this.parameters = parameters;
    this.requirements = requirements;
  }

  protected override left(out: Output): void {
    out.write("requires");
    if (this.parameters.length > 0) {
      out.write(" ");
      printParenthesized(this.parameters, out);
    }
    out.write(" ");
    out.open("{");
    for (const requirement of this.requirements) requirement.print(out);
    out.write(" ");
    out.close("}");
  }
}

/** ` expression;` or ` {expression} noexcept -> constraint;` */
export class ExpressionRequirement extends Node {
  declare readonly expression: Node;
  declare readonly isNoexcept: boolean;
  declare readonly constraint: Node | null;

  constructor(expression: Node, isNoexcept: boolean, constraint: Node | null) {
    super();
    this.expression = expression;
    this.isNoexcept = isNoexcept;
    this.constraint = constraint;
  }

  protected override left(out: Output): void {
    const isCompound = this.isNoexcept || this.constraint !== null;
    out.write(" ");
    if (isCompound) out.open("{");
    this.expression.print(out);
    if (isCompound) out.close("}");
    if (this.isNoexcept) out.write(" noexcept");
    if (this.constraint !== null) {
      out.write(" -> ");
      this.constraint.print(out);
    }
    out.write(";");
  }
}

/** ` typename type;`, ` requires constraint;` */
export class KeywordRequirement extends Node {
  declare readonly keyword: string;
  declare readonly child: Node;

  constructor(keyword: string, child: Node) {
    super();
    this.keyword = keyword;
    this.child = child;
  }

  protected override left(out: Output): void {
    out.write(this.keyword);
    this.child.print(out);
    out.write(";");
  }
}
