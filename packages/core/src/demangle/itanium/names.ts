/**
 * Encodings and names of the Itanium C++ ABI (5.1.2 to 5.1.4, 5.1.6).
 *
 *   mangled-name     _Z encoding
 *   encoding         name bare-function-type [Q constraint] | name | special-name
 *   name             nested-name N…E | local-name Z…E… | unscoped-name [template-args]
 *   unqualified-name [W module]* [F] [L] source-name | U… | DC…E | C1 | D1 | operator, with B tags behind
 *
 * Types and expressions are read by the classes that build on this one. Every method leaves the position behind what it read, and returns
 * null when the name is not of the grammar or too deep.
 */
import { Cursor, isDigit, type NameState, noLists, pair, underscore } from "./cursor.ts";
import {
  AbiTagged,
  Bindings,
  Closure,
  ConstructionVtable,
  FunctionEncoding,
  LVALUE,
  ModuleEntity,
  ModuleName,
  Prefixed,
  RVALUE,
  ScopedName,
  StandardName,
  Structor,
} from "./name-nodes.ts";
import { type Node, Text } from "./node.ts";
import { type Operator, operatorOf } from "./operators.ts";
import { TemplatedName } from "./template-nodes.ts";

/** The two letters that begin a form. */
const two = {
  St: pair("St"),
  DC: pair("DC"),
  Ut: pair("Ut"),
  Ul: pair("Ul"),
  Ub: pair("Ub"),
  li: pair("li"),
};

const std = new Text("std");
const stringLiteral = new Text("string literal");
const blockLiteral = new Text("'block-literal'");

const standardNames: Record<number, string> = {
  97: "allocator",
  98: "basic_string",
  100: "iostream",
  105: "istream",
  111: "ostream",
  115: "string",
};

const specialTypes: Record<number, string> = {
  86: "vtable for ",
  84: "VTT for ",
  73: "typeinfo for ",
  83: "typeinfo name for ",
};

export abstract class NameParser extends Cursor {
  abstract type(): Node | null;
  abstract expression(): Node | null;
  abstract constraint(): Node | null;
  abstract decltype(): Node | null;
  abstract qualifiers(): number;
  abstract templateArgument(): Node | null;
  abstract templateArguments(areOfName: boolean): Node | null;
  abstract templateParameter(): Node | null;
  abstract isParameterDeclaration(): boolean;
  abstract parameterDeclaration(list: Node[] | null): Node | null;

  encoding(): Node | null {
    if (!this.enter()) return null;
    const { templateLists } = this;
    this.templateLists = noLists;
    const first = this.look();
    const result = first === 0x47 /* G */ || first === 0x54 /* T */ ? this.specialName() : this.#function();
    this.templateLists = templateLists;
    this.depth--;
    return result;
  }

  #endsEncoding(): boolean {
    const next = this.look();
    return next === 0 || next === 0x45 /* E */ || next === 0x2e /* . */ || next === underscore;
  }

  #function(): Node | null {
    const state: NameState = { isStructorOrConversion: false, endsWithTemplateArguments: false, qualifiers: 0, hasExplicitObject: false };
    const references = this.forwardReferences;
    this.forwardReferences = null;
    const name = this.anyName(state);
    const areResolved = this.#resolve();
    this.forwardReferences = references;
    if (name === null || !areResolved) return null;
    if (this.#endsEncoding()) return name;

    let conditions: Node[] | null = null;
    if (this.look() === 0x55 /* U */ && this.takeText("Ua9enable_ifI")) {
      conditions = [];
      while (!this.take(0x45 /* E */)) {
        const condition = this.templateArgument();
        if (condition === null) return null;
        conditions.push(condition);
      }
    }
    let returns: Node | null = null;
    if (!state.isStructorOrConversion && state.endsWithTemplateArguments) {
      returns = this.type();
      if (returns === null) return null;
    }
    const parameters: Node[] = [];
    if (!this.take(0x76 /* v */)) {
      do {
        const type = this.type();
        if (type === null) return null;
        parameters.push(state.hasExplicitObject && parameters.length === 0 ? new Prefixed("this ", type) : type);
      } while (!this.#endsEncoding() && this.look() !== 0x51 /* Q */);
    }
    let requires: Node | null = null;
    if (this.take(0x51 /* Q */)) {
      requires = this.constraint();
      if (requires === null) return null;
    }
    return new FunctionEncoding(returns, name, parameters, state.qualifiers, conditions, requires);
  }

  /** Gives the references to later arguments their arguments; false when there are none of that number. */
  #resolve(): boolean {
    for (const reference of this.forwardReferences ?? []) {
      const target = this.templateLists[0]?.[reference.index];
      if (target === undefined) return false;
      reference.target = target;
    }
    return true;
  }

  specialName(): Node | null {
    const isT = this.take(0x54 /* T */);
    if (!isT) this.position++;
    const kind = this.look();
    const words = isT ? specialTypes[kind] : undefined;
    if (words !== undefined) {
      this.position++;
      return prefixed(words, this.type());
    }
    if (!isT) {
      if (this.take(0x56 /* V */)) return prefixed("guard variable for ", this.anyName(null));
      if (this.take(0x52 /* R */)) return this.#referenceTemporary();
      if (this.take(0x54 /* T */)) return this.#transactionClone();
      if (!this.take(0x49 /* I */) || this.look() !== 0x57 /* W */) return null;
      return prefixed("initializer for module ", this.#moduleName(null));
    }
    if (this.take(0x41 /* A */)) return prefixed("template parameter object for ", this.templateArgument());
    if (this.take(0x57 /* W */)) return prefixed("thread-local wrapper routine for ", this.anyName(null));
    if (this.take(0x48 /* H */)) return prefixed("thread-local initialization routine for ", this.anyName(null));
    if (this.take(0x43 /* C */)) return this.#constructionVtable();
    if (this.take(0x63 /* c */)) {
      return this.skipCallOffset() && this.skipCallOffset() ? prefixed("covariant return thunk to ", this.encoding()) : null;
    }
    if (!this.skipCallOffset()) return null;
    return prefixed(kind === 0x76 /* v */ ? "virtual thunk to " : "non-virtual thunk to ", this.encoding());
  }

  /** `GR name [number] _`; older compilers leave out the `_` when there is no number. */
  #referenceTemporary(): Node | null {
    const name = this.anyName(null);
    if (name === null) return null;
    const isNumbered = this.sequenceId() >= 0;
    if (!this.take(underscore) && isNumbered) return null;
    return new Prefixed("reference temporary for ", name);
  }

  /** `GTt encoding`, `GTn encoding`: versions of a function for transactional memory. */
  #transactionClone(): Node | null {
    const words = this.take(0x74 /* t */) ? "" : this.take(0x6e /* n */) ? "non-" : null;
    return words === null ? null : prefixed(`${words}transaction clone for `, this.encoding());
  }

  #constructionVtable(): Node | null {
    const outer = this.type();
    if (outer === null || !this.skipDigits(true) || !this.take(underscore)) return null;
    const inner = this.type();
    return inner === null ? null : new ConstructionVtable(outer, inner);
  }

  anyName(state: NameState | null): Node | null {
    if (!this.enter()) return null;
    const first = this.look();
    const result =
      first === 0x4e /* N */ ? this.#nestedName(state) : first === 0x5a /* Z */ ? this.#localName(state) : this.#templateName(state);
    this.depth--;
    return result;
  }

  #templateName(state: NameState | null): Node | null {
    let name: Node | null = null;
    let isSubstitution = false;
    if (this.look() === 0x53 /* S */ && this.look(1) !== 0x74 /* t */) {
      name = this.substitution();
      if (name === null) return null;
      isSubstitution = !(name instanceof ModuleName);
    }
    if (!isSubstitution) name = this.unscopedName(state, name);
    if (name === null) return null;
    if (this.look() !== 0x49 /* I */) return isSubstitution ? null : name;
    if (!isSubstitution) this.substitutions.push(name);
    const templateArguments = this.templateArguments(state !== null);
    if (templateArguments === null) return null;
    if (state !== null) state.endsWithTemplateArguments = true;
    return new TemplatedName(name, templateArguments);
  }

  /** `[St] unqualified-name`; `module` when a substitution was read that turned out to be one. */
  unscopedName(state: NameState | null, module: Node | null): Node | null {
    let scope: Node | null = null;
    if (this.takePair(two.St)) {
      scope = std;
      if (this.look() === 0x53 /* S */) {
        module = this.substitution();
        if (!(module instanceof ModuleName)) return null;
      }
    }
    if (module === null && this.look() === 0x53 /* S */) return null;
    return this.#unqualifiedName(state, scope, module instanceof ModuleName ? module : null);
  }

  #localName(state: NameState | null): Node | null {
    this.position++;
    const encoding = this.encoding();
    if (encoding === null || !this.take(0x45 /* E */)) return null;
    if (this.take(0x73 /* s */)) {
      this.skipDiscriminator();
      return new ScopedName(encoding, "::", stringLiteral);
    }
    if (this.take(0x64 /* d */)) {
      // In a default argument, counted from the last parameter.
      this.skipDigits(true);
      if (!this.take(underscore)) return null;
      const entity = this.anyName(state);
      return entity === null ? null : new ScopedName(encoding, "::", entity);
    }
    const { templateLists } = this;
    // A type's lambda counts its own parameters only. (A name's own ones are needed for the parameters behind it.)
    if (state === null) this.templateLists = noLists;
    const entity = this.anyName(state);
    if (state === null) this.templateLists = templateLists;
    if (entity === null) return null;
    this.skipDiscriminator();
    return new ScopedName(encoding, "::", entity);
  }

  #nestedName(state: NameState | null): Node | null {
    this.position++;
    if (this.take(0x48 /* H */)) {
      if (state !== null) state.hasExplicitObject = true;
    } else {
      let qualifiers = this.qualifiers();
      if (this.take(0x4f /* O */)) qualifiers |= RVALUE;
      else if (this.take(0x52 /* R */)) qualifiers |= LVALUE;
      if (state !== null) state.qualifiers = qualifiers;
    }
    const { substitutions } = this;
    let soFar: Node | null = null;
    while (!this.take(0x45 /* E */)) {
      const next = this.look();
      if (state !== null) state.endsWithTemplateArguments = false;
      if (next === 0x49 /* I */) {
        if (soFar === null || soFar instanceof TemplatedName) return null;
        const templateArguments = this.templateArguments(state !== null);
        if (templateArguments === null) return null;
        if (state !== null) state.endsWithTemplateArguments = true;
        soFar = new TemplatedName(soFar, templateArguments);
      } else if (next === 0x54 /* T */) {
        if (soFar !== null) return null;
        soFar = this.templateParameter();
      } else if (next === 0x44 /* D */ && (this.look(1) === 0x74 || this.look(1) === 0x54) /* Dt, DT */) {
        if (soFar !== null) return null;
        soFar = this.decltype();
      } else {
        let module: ModuleName | null = null;
        if (next === 0x53 /* S */) {
          const found: Node | null = this.takePair(two.St) ? std : this.substitution();
          if (found instanceof ModuleName) module = found;
          else {
            if (found === null || soFar !== null) return null;
            soFar = found;
            continue;
          }
        }
        soFar = this.#unqualifiedName(state, soFar, module);
      }
      if (soFar === null) return null;
      substitutions.push(soFar);
      this.take(0x4d /* M: in front of the closures of data members */);
    }
    if (soFar === null || substitutions.length === 0) return null;
    substitutions.pop();
    return soFar;
  }

  /** The modules named at the position, inside `module`; `module` itself when there are none, null also when damaged. */
  #moduleName(module: ModuleName | null): ModuleName | null {
    while (this.take(0x57 /* W */)) {
      const isPartition = this.take(0x50 /* P */);
      const name = this.sourceName();
      if (name === null) return null;
      module = new ModuleName(module, name, isPartition);
      this.substitutions.push(module);
    }
    return module;
  }

  #unqualifiedName(state: NameState | null, scope: Node | null, outerModule: ModuleName | null): Node | null {
    let module = outerModule;
    if (this.look() === 0x57 /* W */) {
      module = this.#moduleName(outerModule);
      if (module === null) return null;
    }
    const isFriend = scope !== null && this.take(0x46 /* F */);
    this.take(0x4c /* L: has internal linkage */);
    const first = this.look();
    let name: Node | null;
    if (first >= 0x31 && first <= 0x39) name = this.sourceName();
    else if (first === 0x55 /* U */) name = this.unnamedType(state);
    else if (this.takePair(two.DC)) name = this.#bindings();
    else if (first === 0x43 /* C */ || first === 0x44 /* D */) {
      if (scope === null || module !== null) return null;
      if (scope instanceof StandardName) scope = scope.expanded();
      name = this.#structor(scope, state);
    } else name = this.operatorName(state);
    if (name === null) return null;
    if (module !== null) name = new ModuleEntity(name, module);
    if (this.look() === 0x42 /* B */) {
      name = this.#abiTagged(name);
      if (name === null) return null;
    }
    return scope === null ? name : new ScopedName(scope, isFriend ? "::friend " : "::", name);
  }

  #abiTagged(name: Node): Node | null {
    let tags = "";
    while (this.take(0x42 /* B */)) {
      const tag = this.identifier();
      if (tag === null) return null;
      tags += `[abi:${tag}]`;
    }
    return new AbiTagged(name, tags);
  }

  #bindings(): Node | null {
    const names: Node[] = [];
    do {
      const name = this.sourceName();
      if (name === null) return null;
      names.push(name);
    } while (!this.take(0x45 /* E */));
    return new Bindings(names);
  }

  #structor(scope: Node, state: NameState | null): Node | null {
    const isDestructor = this.take(0x44 /* D */);
    if (!isDestructor) this.position++;
    const isInherited = !isDestructor && this.take(0x49 /* I */);
    const variant = this.look();
    if (variant < (isDestructor ? 0x30 : 0x31) || variant > 0x35 || (isDestructor && variant === 0x33)) return null;
    this.position++;
    if (state !== null) state.isStructorOrConversion = true;
    if (isInherited && this.anyName(state) === null) return null;
    return new Structor(scope, isDestructor);
  }

  /** `Ut [number] _`, `Ul … E [number] _` (lambda), `Ub [number] _` (block). */
  unnamedType(state: NameState | null): Node | null {
    // What is inside counts the parameters of the innermost template only.
    if (state !== null) this.templateLists = noLists;
    if (this.takePair(two.Ut)) {
      const count = this.digits(false);
      return this.take(underscore) ? new Text(`'unnamed${count}'`) : null;
    }
    if (this.takePair(two.Ul)) return this.#closure();
    if (!this.takePair(two.Ub)) return null;
    this.skipDigits(false);
    return this.take(underscore) ? blockLiteral : null;
  }

  #closure(): Node | null {
    const { lambdaLevel, templateLists } = this;
    this.lambdaLevel = templateLists.length;
    const result = this.#closureParts();
    this.lambdaLevel = lambdaLevel;
    this.templateLists = templateLists;
    return result;
  }

  #closureParts(): Node | null {
    const list: Node[] = [];
    const declared: Node[] = [];
    const { templateLists } = this;
    this.templateLists = [...templateLists, list];
    while (this.isParameterDeclaration()) {
      const parameter = this.parameterDeclaration(list);
      if (parameter === null) return null;
      declared.push(parameter);
    }
    if (declared.length === 0) this.templateLists = templateLists;
    let templateRequires: Node | null = null;
    if (this.take(0x51 /* Q */)) {
      templateRequires = this.constraint();
      if (templateRequires === null) return null;
    }
    const parameters: Node[] = [];
    if (!this.take(0x76 /* v */)) {
      do {
        const type = this.type();
        if (type === null) return null;
        parameters.push(type);
      } while (this.look() !== 0x45 /* E */ && this.look() !== 0x51 /* Q */);
    }
    let requires: Node | null = null;
    if (this.take(0x51 /* Q */)) {
      requires = this.constraint();
      if (requires === null) return null;
    }
    if (!this.take(0x45 /* E */)) return null;
    const count = this.digits(false);
    return this.take(underscore) ? new Closure(declared, templateRequires, parameters, requires, count) : null;
  }

  /** The operator at the position; null when there is none. */
  operator(): Operator | null {
    const operator = operatorOf(this.look(), this.look(1));
    if (operator !== null) this.position += 2;
    return operator;
  }

  operatorName(state: NameState | null): Node | null {
    const operator = this.operator();
    if (operator !== null) {
      if (operator.kind === "cast") return this.#conversion(state);
      return operator.name === null ? null : new Text(operator.name);
    }
    if (this.takePair(two.li)) return prefixed('operator"" ', this.sourceName());
    // Vendors' operators state their number of operands.
    if (!this.take(0x76 /* v */) || !isDigit(this.look())) return null;
    this.position++;
    return prefixed("operator ", this.sourceName());
  }

  #conversion(state: NameState | null): Node | null {
    const { mayTakeArguments, mayReferForward } = this;
    this.mayTakeArguments = false;
    this.mayReferForward = mayReferForward || state !== null;
    const type = this.type();
    this.mayTakeArguments = mayTakeArguments;
    this.mayReferForward = mayReferForward;
    if (type === null) return null;
    if (state !== null) state.isStructorOrConversion = true;
    return new Prefixed("operator ", type);
  }

  /** `S_`, `S0_`…, or one of the standard library's abbreviations. */
  substitution(): Node | null {
    if (!this.take(0x53 /* S */)) return null;
    const next = this.look();
    if (next >= 0x61 && next <= 0x7a) {
      const name = standardNames[next];
      if (name === undefined) return null;
      this.position++;
      const standard = new StandardName(name);
      if (this.look() !== 0x42 /* B */) return standard;
      const tagged = this.#abiTagged(standard);
      if (tagged !== null) this.substitutions.push(tagged);
      return tagged;
    }
    if (this.take(underscore)) return this.substitutions[0] ?? null;
    const index = this.sequenceId();
    if (index < 0 || !this.take(underscore)) return null;
    return this.substitutions[index + 1] ?? null;
  }
}

export function prefixed(words: string, child: Node | null): Node | null {
  return child === null ? null : new Prefixed(words, child);
}
