/** Spelling of what the compiler made of a function: specializations, derivatives, completion handlers. */
import type { SwiftNode } from "./node.ts";
import type { Printer } from "./printer.ts";
import { representationChange } from "./thunks.ts";

export function printSpecialization(out: Printer, node: SwiftNode): void {
  if (out.spelling.simplified) {
    if (!out.specialized) out.write("specialized ");
    out.specialized = true;
    return;
  }
  out.write(node.text);
  if (node.text === representationChange) {
    out.write(" of ");
    return;
  }
  out.write(" <");
  let separator = "";
  let argument = node.number;
  for (const part of node.children) {
    const says = part.kind === "serialized" || part.children.length > 0;
    if (says) {
      out.write(separator);
      separator = ", ";
      printArgument(out, part, argument);
    }
    if (part.kind !== "serialized") argument++;
  }
  out.write("> of ");
}

function printArgument(out: Printer, part: SwiftNode, argument: number): void {
  switch (part.kind) {
    case "specializationArgument":
      out.write(part.text);
      part.children.forEach((child, i) => {
        if (i > 0) out.write(i === 1 ? " with " : " and ");
        out.print(child);
      });
      return;
    case "specializedParameter":
      out.write(`Arg[${argument}] = `);
      for (const change of part.children) printChange(out, change);
      return;
    case "specializedReturn":
      out.write("Return = ");
      for (const change of part.children) printChange(out, change);
      return;
    default:
      out.print(part);
  }
}

function printChange(out: Printer, change: SwiftNode): void {
  if (change.kind === "specializationFlags") {
    out.write(change.text);
    return;
  }
  out.write(`[${change.text}`);
  const [first, ...rest] = change.children;
  if (first !== undefined) {
    if (change.kind === "propagatedString") {
      out.write(`'${first.text}'`);
    } else {
      out.write(" : ");
      if (first.kind === "identifier") out.write(out.nested(first.text) ?? first.text);
      else out.print(first);
    }
  }
  if (change.kind === "propagatedKeyPath") {
    out.write("<");
    out.printAll(rest, ",");
    out.write(">");
  } else if (change.kind === "propagatedClosure") {
    // The Swift tools put nothing between the types and close only the inner bracket.
    out.write(", Argument Types : [");
    out.printAll(rest, "");
  }
  out.write("]");
}

/** A derivative or a witness of one: what it is of, by which parameters and results, under which requirements. */
export function printWithRespectTo(out: Printer, node: SwiftNode): void {
  const of = node.child(0).children;
  const derivative = node.kind === "derivative";
  let signature = node.children[3];
  let subjects = of;
  out.write(node.text);
  if (derivative) {
    out.write(" of ");
    const last = of[of.length - 1];
    if (last?.kind === "genericSignature") {
      signature = last;
      subjects = of.slice(0, -1);
    }
  }
  out.printAll(subjects, "");
  if (derivative && out.spelling.simplified) return;
  out.write(" with respect to parameters ");
  out.print(node.child(1));
  out.write(" and results ");
  out.print(node.child(2));
  if (signature !== undefined) {
    out.write(" with ");
    out.print(signature);
  }
}

export function printReordering(out: Printer, node: SwiftNode): void {
  const signature = node.children[2];
  out.write("autodiff self-reordering reabstraction thunk for ");
  if (out.spelling.simplified) {
    out.print(node.child(0));
    return;
  }
  out.write(node.text);
  if (signature !== undefined) {
    out.print(signature);
    out.write(" ");
  }
  out.write(" from ");
  out.print(node.child(0));
  out.write(" to ");
  out.print(node.child(1));
}

export function printSubset(out: Printer, node: SwiftNode): void {
  const of = node.child(0).children;
  const to = of.length > 1 ? of[of.length - 1] : undefined;
  out.write(`autodiff subset parameters thunk for ${node.text} from `);
  out.printAll(to === undefined ? of : of.slice(0, -1), "");
  if (out.spelling.simplified) return;
  out.write(" with respect to parameters ");
  out.print(node.child(1));
  out.write(" and results ");
  out.print(node.child(2));
  out.write(" to parameters ");
  out.print(node.child(3));
  if (to !== undefined) {
    out.write(" of type ");
    out.print(to);
  }
}

/** How a completion handler tells that it failed. */
const errorFlags = ["", " nonzero on error", " zero on error"];

export function printCompletionHandler(out: Printer, node: SwiftNode): void {
  out.write(`${node.text}@objc completion handler block implementation for `);
  if (node.children.length > 2) out.print(node.child(2));
  out.print(node.child(0));
  out.write(" with result type ");
  out.print(node.child(1));
  out.write(errorFlags[node.number] ?? " <invalid error flag>");
}
