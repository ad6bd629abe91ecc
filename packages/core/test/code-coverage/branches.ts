/**
 * The lines and branches of a source file that a test can reach, found by parsing it: what never runs in one process and always in
 * another then counts the same everywhere.
 *
 * A line counts where something that runs starts on it: no types, no imports, no closing brackets, no comments. A branch is what runs or
 * not by a decision: an arm of `if` and `?:`, the right side of `&&`, `||` and `??`, a `case`, a `catch`, the body of a loop. V8 keeps no count of
 * the arm that an `if` without `else` does not have, of `?.`, `??=` and default values.
 */
import ts from "typescript";

export type Branch = { kind: string; offset: number; line: number };
/** `lines`: line number (from 1) → offset of the first thing that runs there. Offsets are in UTF-16 units. */
export type Structure = { lines: ReadonlyMap<number, number>; branches: readonly Branch[] };

/** Says what there is to reach in a source. `name` is for the parser's messages. */
export function structureOf(name: string, text: string): Structure {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const lines = new Map<number, number>();
  const branches: Branch[] = [];
  const lineOf = (offset: number) => file.getLineAndCharacterOfPosition(offset).line + 1;
  const branch = (kind: string, node: ts.Node | undefined) => {
    if (node === undefined) return;
    const offset = node.getStart(file);
    branches.push({ kind, offset, line: lineOf(offset) });
  };
  const visit = (node: ts.Node): void => {
    if (isOnlyTypes(node)) return;
    if (runs(node)) {
      const offset = node.getStart(file);
      const line = lineOf(offset);
      if (!lines.has(line)) lines.set(line, offset);
    }
    for (const [kind, arm] of armsOf(node)) branch(kind, arm);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { lines, branches };
}

function armsOf(node: ts.Node): [kind: string, arm: ts.Node | undefined][] {
  if (ts.isIfStatement(node)) {
    return [
      ["if", node.thenStatement],
      ["else", node.elseStatement],
    ];
  }
  if (ts.isConditionalExpression(node)) {
    return [
      ["?", node.whenTrue],
      [":", node.whenFalse],
    ];
  }
  if (ts.isBinaryExpression(node)) {
    const operator = ts.tokenToString(node.operatorToken.kind) ?? "";
    return /^(&&|\|\||\?\?)$/.test(operator) ? [[operator, node.right]] : [];
  }
  // A `case` without statements falls into the next one, which counts.
  if (ts.isCaseClause(node)) return [["case", node.statements[0]]];
  if (ts.isDefaultClause(node)) return [["default", node.statements[0]]];
  if (ts.isCatchClause(node)) return [["catch", node.block]];
  if (ts.isIterationStatement(node, false)) return [["loop", node.statement]];
  return [];
}

function isOnlyTypes(node: ts.Node): boolean {
  return (
    ts.isTypeNode(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isTypeParameterDeclaration(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    // The signatures of an overload, and properties that are declared but set elsewhere.
    (ts.isFunctionDeclaration(node) && node.body === undefined) ||
    (ts.isPropertyDeclaration(node) && node.initializer === undefined)
  );
}

/** A block and a class run nothing themselves, and a `case` or `else` is judged by its statements. */
function runs(node: ts.Node): boolean {
  return (
    (ts.isStatement(node) && !ts.isBlock(node) && !ts.isClassDeclaration(node) && !ts.isFunctionDeclaration(node)) ||
    (ts.isExpression(node) && !ts.isIdentifier(node)) ||
    ts.isPropertyAssignment(node)
  );
}
