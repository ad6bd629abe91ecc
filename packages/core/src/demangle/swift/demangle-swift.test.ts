/** Cases of this test's own, made after Mangling.rst; what the names say was compared with `swift demangle` and `swift demangle -simplified`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../../test/random.ts";
import { maxNameLength } from "./cursor.ts";
import { demangleSwift } from "./demangle-swift.ts";
import { maxSpellingLength } from "./printer.ts";

/** Every name that the tests below read, for the last one to damage. */
const seeds: string[] = [];

function check(cases: readonly (readonly [mangled: string, full: string, simplified: string])[]): void {
  for (const [mangled, full, simplified] of cases) {
    assert.equal(demangleSwift(mangled), full, mangled);
    assert.equal(demangleSwift(mangled, { simplified: true }), simplified, mangled);
    seeds.push(mangled);
  }
}

test("functions, variables and their accessors", () => {
  check([
    ["$s5Kiosk5priceyyF", "Kiosk.price() -> ()", "price()"],
    [
      "$s5Kiosk4TillC4ring4item5countSiSS_SitF",
      "Kiosk.Till.ring(item: Swift.String, count: Swift.Int) -> Swift.Int",
      "Till.ring(item:count:)",
    ],
    ["$s5Kiosk4TillC5totalSdvg", "Kiosk.Till.total.getter : Swift.Double", "Till.total.getter"],
    ["$s5Kiosk4TillC5totalSdvpZ", "static Kiosk.Till.total : Swift.Double", "static Till.total"],
    ["$s5Kiosk4TillC5totalSdvW", "Kiosk.Till.total.didset : Swift.Double", "Till.total.didset"],
    ["$s5Kiosk4TillC5drainyyYaKF", "Kiosk.Till.drain() async throws -> ()", "Till.drain()"],
    ["$s5Kiosk4TillC5drainyyAA5FaultOYKF", "Kiosk.Till.drain() throws(Kiosk.Fault) -> ()", "Till.drain()"],
    ["$s5Kiosk4TillCyS2icig", "Kiosk.Till.subscript.getter : (Swift.Int) -> Swift.Int", "Till.subscript.getter"],
    ["$s5Kiosk4TillC4nameACSS_tcfC", "Kiosk.Till.__allocating_init(name: Swift.String) -> Kiosk.Till", "Till.__allocating_init(name:)"],
    ["$s5Kiosk5PriceV5centsACSi_tcfC", "Kiosk.Price.init(cents: Swift.Int) -> Kiosk.Price", "Price.init(cents:)"],
    ["$s5Kiosk4TillCfD", "Kiosk.Till.__deallocating_deinit", "Till.__deallocating_deinit"],
    [
      "$s5Kiosk4TillC4pick33_0123456789ABCDEF0123456789ABCDEFLLyyF",
      "Kiosk.Till.(pick in _0123456789ABCDEF0123456789ABCDEF)() -> ()",
      "Till.pick()",
    ],
    ["$s5Kiosk2ppoiyS2d_SdtF", "Kiosk.++ infix(Swift.Double, Swift.Double) -> Swift.Double", "++ infix(_:_:)"],
    ["$s5Kiosk3sumyS2id_tF", "Kiosk.sum(Swift.Int...) -> Swift.Int", "sum(_:)"],
    ["$s5Kiosk4swapyySiz_SSztF", "Kiosk.swap(inout Swift.Int, inout Swift.String) -> ()", "swap(_:_:)"],
    ["$s5Kiosk4keep1fyyyXE_tF", "Kiosk.keep(f: () -> ()) -> ()", "keep(f:)"],
    ["$s5Kiosk4hook1fyyyYaYbScMYcc_tF", "Kiosk.hook(f: @Swift.MainActor @Sendable () async -> ()) -> ()", "hook(f:)"],
    ["$s5Kiosk4foldyS2i_S2ictF", "Kiosk.fold(Swift.Int, (Swift.Int) -> Swift.Int) -> Swift.Int", "fold(_:_:)"],
    ["$s5Kiosk012TillReceiptsB0C", "Kiosk.TillReceiptsTill", "TillReceiptsTill"],
  ]);
});

test("types", () => {
  check([
    ["$s5Kiosk3runyyAA1P_pSS4NameAaDPRts_XPF", "Kiosk.run(any Kiosk.P<Self.Kiosk.Name.Name == Swift.String>) -> ()", "run(_:)"],
    ["$s5Kiosk4hookyyySiXCF", "Kiosk.hook(@convention(c) (Swift.Int) -> ()) -> ()", "hook(_:)"],
    ["$s5Kiosk4TillCXo", "unowned Kiosk.Till", "unowned Till"],
    ["$sypXp", "Any.Type", "Any.Type"],
    ["$s$3_SiBV", "Builtin.FixedArray<4, Swift.Int>", "Builtin.FixedArray<4, Int>"],
    ["$s5Kiosk4TillCSgXSq", "Kiosk.Till??", "Till??"],
    ["$sSaySSG", "[Swift.String]", "[String]"],
    ["$sSDySSSaySiGGD", "[Swift.String : [Swift.Int]]", "[String : [Int]]"],
    ["$s5Kiosk4findySo8NSObjectCSgSSF", "Kiosk.find(Swift.String) -> __C.NSObject?", "find(_:)"],
    ["$s5Kiosk4lazyyyypXpF", "Kiosk.lazy(Any.Type) -> ()", "lazy(_:)"],
    ["$s5Kiosk4boxsyyAA4Till_pF", "Kiosk.boxs(Kiosk.Till) -> ()", "boxs(_:)"],
    ["$s5Kiosk4markyyAA4Till_AA5PayerpF", "Kiosk.mark(Kiosk.Till & Kiosk.Payer) -> ()", "mark(_:)"],
    ["$s5Kiosk4markyyAA4Till_AA5PayerXlF", "Kiosk.mark(Kiosk.Till & Kiosk.Payer & Swift.AnyObject) -> ()", "mark(_:)"],
    [
      "$s5Kiosk3rawyyBi64__Bf32_BpBi8_Bv16_tF",
      "Kiosk.raw(Builtin.Int64, Builtin.FPIEEE32, Builtin.RawPointer, Builtin.Vec16xInt8) -> ()",
      "raw(_:_:_:_:)",
    ],
    ["$s5Kiosk4pickyS2imF", "Kiosk.pick(Swift.Int.Type) -> Swift.Int", "pick(_:)"],
    ["$s5Kiosk4TillC4selfACXDyF", "Kiosk.Till.self() -> Self", "Till.self()"],
    ["$s5Kiosk3allyySS_SitSgF", "Kiosk.all((Swift.String, Swift.Int)?) -> ()", "all(_:)"],
    ["$s5Kiosk4viewQryF", "Kiosk.view() -> some", "view()"],
    ["$s5Kiosk4bothyyxxQp_tRvzlF", "Kiosk.both<each A>(repeat A) -> ()", "both<each A>(_:)"],
  ]);
});

test("generic signatures and requirements", () => {
  check([
    ["$s5Kiosk4wrapyxxlF", "Kiosk.wrap<A>(A) -> A", "wrap<A>(_:)"],
    ["$s5Kiosk4wrapyxx_q_tSHRzr0_lF", "Kiosk.wrap<A, B where A: Swift.Hashable>(A, B) -> A", "wrap<A, B>(_:_:)"],
    ["$s5Kiosk5ShelfV3putyyxF", "Kiosk.Shelf.put(A) -> ()", "Shelf.put(_:)"],
    ["$s5Kiosk5ShelfV3mapyACyqd__Gqd__xXElF", "Kiosk.Shelf.map<A>((A) -> A1) -> Kiosk.Shelf<A1>", "Shelf.map<A>(_:)"],
    [
      "$s5Kiosk4joiny7ElementQzxSlRzSH7ElementRpzlF",
      "Kiosk.join<A where A: Swift.Collection, A.Element: Swift.Hashable>(A) -> A.Element",
      "join<A>(_:)",
    ],
    ["$s5Kiosk4restyyxSlRzSS7ElementRtzlF", "Kiosk.rest<A where A: Swift.Collection, A.Element == Swift.String>(A) -> ()", "rest<A>(_:)"],
    ["$s5Kiosk4onlyyyxRlzClF", "Kiosk.only<A where A: AnyObject>(A) -> ()", "only<A>(_:)"],
    ["$s5Kiosk4moveyyxRi_zlF", "Kiosk.move<A where A: ~Swift.Copyable>(A) -> ()", "move<A>(_:)"],
    ["$sSa5KioskSQRzlE4samexyF", "(extension in Kiosk):Swift.Array<A where A: Swift.Equatable>.same() -> A", "Array<A>.same()"],
    [
      "$s5Kiosk4RackO5indexACyxGSi_tcAA7LabeledRzlufC",
      "Kiosk.Rack.init<A where A: Kiosk.Labeled>(index: Swift.Int) -> Kiosk.Rack<A>",
      "Rack.init<A>(index:)",
    ],
  ]);
});

test("closures, default arguments, initial values, local types", () => {
  check([
    ["$s5Kiosk4openyyFyycfU_", "closure #1 () -> () in Kiosk.open() -> ()", "closure #1 in open()"],
    [
      "$s5Kiosk4openyyFyycfU_SiycfU0_",
      "closure #2 () -> Swift.Int in closure #1 () -> () in Kiosk.open() -> ()",
      "closure #2 in closure #1 in open()",
    ],
    ["$s5Kiosk4shut1aySi_tFfA_", "default argument 0 of Kiosk.shut(a: Swift.Int) -> ()", "default argument 0 of shut(a:)"],
    [
      "$s5Kiosk4TillC5totalSdvpfi",
      "variable initialization expression of Kiosk.Till.total : Swift.Double",
      "variable initialization expression of Till.total",
    ],
    [
      "$s5Kiosk4TillC5totalSdvpfP",
      "property wrapper backing initializer of Kiosk.Till.total : Swift.Double",
      "property wrapper backing initializer of Till.total",
    ],
    ["$s5Kiosk4openyyF4ItemL_V3sumSivg", "sum.getter : Swift.Int in Item #1 in Kiosk.open() -> ()", "sum.getter in Item #1 in open()"],
  ]);
});

test("thunks, specializations, derivatives", () => {
  check([
    [
      "$s5Kiosk4foldyS2iFTf4pi12_n",
      "function signature specialization <Arg[0] = [Constant Propagated Integer : 12]> of Kiosk.fold(Swift.Int) -> Swift.Int",
      "specialized fold(_:)",
    ],
    [
      "$s5Kiosk4foldyS2iF3eurTf4psb_n",
      "function signature specialization <Arg[0] = [Constant Propagated String : u8'eur']> of Kiosk.fold(Swift.Int) -> Swift.Int",
      "specialized fold(_:)",
    ],
    [
      "$s5Kiosk4foldyS2iFSiSS5innerTf1c_n",
      "function signature specialization <Arg[0] = [Closure Propagated : inner, Argument Types : []> of Kiosk.fold(Swift.Int) -> Swift.IntSwift.IntSwift.String",
      "specialized fold(_:)IntString",
    ],
    [
      "$s5Kiosk4foldyS2iF5innerSiSSTf1c_n",
      "function signature specialization <Arg[0] = [Closure Propagated : inner, Argument Types : [Swift.IntSwift.String]> of Kiosk.fold(Swift.Int) -> Swift.Int",
      "specialized fold(_:)",
    ],
    ["$s5Kiosk4foldyS2iFTm.7", 'merged Kiosk.fold(Swift.Int) -> Swift.Int with unmangled suffix ".7"', "fold(_:)"],
    ["$s5Kiosk4foldyS2iFTv_", "outlined variable #0 of Kiosk.fold(Swift.Int) -> Swift.Int", "outlined variable #0 of fold(_:)"],
    [
      "$s5Kiosk4foldyS2iFTepb_",
      "outlined bridged method (pb) of Kiosk.fold(Swift.Int) -> Swift.Int",
      "outlined bridged method (pb) of fold(_:)",
    ],
    [
      "$s5Kiosk4TillC5totalSdvgAA3BoxC5totalSdvgTV",
      "vtable thunk for Kiosk.Box.total.getter : Swift.Double dispatching to Kiosk.Till.total.getter : Swift.Double",
      "vtable thunk for Box.total.getter dispatching to Till.total.getter",
    ],
    [
      "$s5Kiosk4gradyS2fFWJrSpSr",
      "reverse-mode differentiability witness for Kiosk.grad(Swift.Float) -> Swift.Float with respect to parameters {0} and results {0}",
      "reverse-mode differentiability witness for grad(_:) with respect to parameters {0} and results {0}",
    ],
    ["$s5Kiosk4TillC5drainyyFTo", "@objc Kiosk.Till.drain() -> ()", "@objc Till.drain()"],
    ["$s5Kiosk4TillC5drainyyFTj", "dispatch thunk of Kiosk.Till.drain() -> ()", "dispatch thunk of Till.drain()"],
    ["$s5Kiosk4TillC5drainyyFTA", "partial apply forwarder for Kiosk.Till.drain() -> ()", "partial apply for Till.drain()"],
    ["$s5Kiosk4TillC5drainyyYaFTY0_", "(1) suspend resume partial function for Kiosk.Till.drain() async -> ()", "Till.drain()"],
    ["$s5Kiosk4TillC5drainyyYaFTu", "async function pointer to Kiosk.Till.drain() async -> ()", "async function pointer to Till.drain()"],
    [
      "$s5Kiosk4TillCAA5PayerA2aDP3payyyFTW",
      "protocol witness for Kiosk.Payer.pay() -> () in conformance Kiosk.Till : Kiosk.Payer in Kiosk",
      "protocol witness for Payer.pay() in conformance Till",
    ],
    [
      "$sSSIegg_SSIegn_TR",
      "reabstraction thunk helper from @escaping @callee_guaranteed (@guaranteed Swift.String) -> () to @escaping @callee_guaranteed (@in_guaranteed Swift.String) -> ()",
      "thunk for @escaping @callee_guaranteed (@guaranteed String) -> ()",
    ],
    ["$s5Kiosk4TillC5drainyyFTE", "distributed thunk Kiosk.Till.drain() -> ()", "Till.drain()"],
    ["$s5Kiosk4TillC5drainyyFTwb", "back deployment thunk for Kiosk.Till.drain() -> ()", "Till.drain()"],
    ["$s5Kiosk4wrapyxxlFSi_Tg5", "generic specialization <Swift.Int> of Kiosk.wrap<A>(A) -> A", "specialized wrap<A>(_:)"],
    [
      "$s5Kiosk4foldyS2iF4eachTf1npf_n",
      "function signature specialization <Arg[1] = [Constant Propagated Function : each]> of Kiosk.fold(Swift.Int) -> Swift.Int",
      "specialized fold(_:)",
    ],
    [
      "$s5Kiosk4foldyS2iFTf4dgX_n",
      "function signature specialization <Arg[0] = Dead, Arg[1] = Owned To Guaranteed and Exploded> of Kiosk.fold(Swift.Int) -> Swift.Int",
      "specialized fold(_:)",
    ],
    [
      "$s5Kiosk4foldyS2iFTf4ni_g",
      "function signature specialization <Arg[1] = Value Promoted from Box, Return = Owned To Guaranteed> of Kiosk.fold(Swift.Int) -> Swift.Int",
      "specialized fold(_:)",
    ],
    [
      "$s5Kiosk4gradyS2fFTJrSpSr",
      "reverse-mode derivative of Kiosk.grad(Swift.Float) -> Swift.Float with respect to parameters {0} and results {0}",
      "reverse-mode derivative of grad(_:)",
    ],
    [
      "$s5Kiosk4TillC5totalSdvpACTK",
      "key path getter for Kiosk.Till.total : Swift.Double : Kiosk.Till",
      "key path getter for Till.total : Till",
    ],
  ]);
});

test("metadata and witness tables", () => {
  check([
    [
      "$sS2iSHsWL",
      "lazy protocol witness table cache variable for type Swift.Int and conformance Swift.Int : Swift.Hashable in Swift",
      "lazy protocol witness table cache variable for type Int and conformance Int",
    ],
    ["$s5Kiosk5PayerPTL", "protocol requirements base descriptor for Kiosk.Payer", "protocol requirements base descriptor for Payer"],
    ["$s4CoinSHTl", "associated type descriptor for Swift.Hashable.Coin", "associated type descriptor for Hashable.Coin"],
    [
      "$sSiSHs4CoinWt",
      "associated type metadata accessor for Coin in Swift.Int : Swift.Hashable in Swift",
      "associated type metadata accessor for Coin in Int",
    ],
    [
      "$s5Kiosk4TillCAA5PayerAAHc",
      "protocol conformance descriptor runtime record for Kiosk.Till : Kiosk.Payer in Kiosk",
      "protocol conformance descriptor runtime record for Till",
    ],
    ["$s5KioskMXM", "module descriptor Kiosk", "module descriptor "],
    ["$s5Kiosk4TillC5totalSdvpMV", "property descriptor for Kiosk.Till.total : Swift.Double", "property descriptor for Till.total"],
    ["$s5Kiosk4TillC5drainyyFTc", "curry thunk of Kiosk.Till.drain() -> ()", "curry thunk of Till.drain()"],
    ["$s5Kiosk4TillCMa", "type metadata accessor for Kiosk.Till", "type metadata accessor for Till"],
    ["$s5Kiosk4TillCMn", "nominal type descriptor for Kiosk.Till", "nominal type descriptor for Till"],
    ["$s5Kiosk4TillCN", "type metadata for Kiosk.Till", "type metadata for Till"],
    ["$s5Kiosk5PayerMp", "protocol descriptor for Kiosk.Payer", "protocol descriptor for Payer"],
    [
      "$s5Kiosk4TillCAA5PayerAAMc",
      "protocol conformance descriptor for Kiosk.Till : Kiosk.Payer in Kiosk",
      "protocol conformance descriptor for Till",
    ],
    ["$s5Kiosk4TillCAA5PayerAAWP", "protocol witness table for Kiosk.Till : Kiosk.Payer in Kiosk", "protocol witness table for Till"],
    ["$s5Kiosk5PriceVWOh", "outlined destroy of Kiosk.Price", "outlined destroy of Price"],
    ["$s5Kiosk5PriceVwxx", "destroy value witness for Kiosk.Price", "destroy for Price"],
    ["$s5Kiosk4TillC5totalSdvpWvd", "direct field offset for Kiosk.Till.total : Swift.Double", "direct field offset for Till.total"],
    ["$s5Kiosk4rate_WZ", "one-time initialization function for rate", "one-time initialization function for rate"],
    ["$s5Kiosk5PriceVMF", "reflection metadata field descriptor Kiosk.Price", "reflection metadata field descriptor Price"],
    [
      "$s5Kiosk4viewQryFQOMQ",
      "opaque type descriptor for <<opaque return type of Kiosk.view() -> some>>",
      "opaque type descriptor for <<opaque return type of view()>>",
    ],
  ]);
});

test("macros", () => {
  check([
    [
      "$s5Kiosk4openyyF4area8CodablerfMp_",
      "peer macro @Codabler expansion #1 of area in Kiosk.open() -> ()",
      "peer macro @Codabler expansion #1 of area in open()",
    ],
    [
      "$s5Kiosk4openyyF8stringlyfMf_",
      "freestanding macro expansion #1 of stringly in Kiosk.open() -> ()",
      "freestanding macro expansion #1 of stringly in open()",
    ],
    [
      "@__swiftmacro_5Kiosk4openyyF8stringlyfMf0_",
      "freestanding macro expansion #2 of stringly in Kiosk.open() -> ()",
      "freestanding macro expansion #2 of stringly in open()",
    ],
  ]);
});

test("the mangling before Swift 4", () => {
  check([
    ["_TFO5Kiosk4Rackg9subscriptFSiSS", "Kiosk.Rack.subscript.getter : (Swift.Int) -> Swift.String", "Rack.subscript.getter"],
    ["_TFVs5ArrayCurfT_GS_x_", "Swift.Array.init<A>() -> [A]", "Array.init<A>()"],
    ["_TtRSi", "inout Swift.Int", "inout Int"],
    ["_TFe5KioskRxs8HashablerSa4samefT_x", "(extension in Kiosk):Swift.Array<A where A: Swift.Hashable>.same() -> A", "Array<A>.same()"],
    [
      "_TTRXFo_iSi_dSb_XFo_dSi_dSb_",
      "reabstraction thunk helper from @callee_owned (@unowned Swift.Int) -> (@unowned Swift.Bool) to @callee_owned (@in Swift.Int) -> (@unowned Swift.Bool)",
      "thunk for @callee_owned (@unowned Int) -> (@unowned Bool)",
    ],
    [
      "_TtXFtCb_dSi_oSS_",
      "@convention(thin) @convention(block) (@unowned Swift.Int) -> (@owned Swift.String)",
      "@convention(thin) @convention(block) (@unowned Int) -> (@owned String)",
    ],
    ["_TtuRxs8HashablerFxSi", "<A where A: Swift.Hashable>(A) -> Swift.Int", "<A>(_:)"],
    ["_TF5KioskoP2qqFSiSi", "Kiosk.?? postfix(Swift.Int) -> Swift.Int", "?? postfix(_:)"],
    ["_TWvdvC5Kiosk4Till5totalSd", "direct field offset for Kiosk.Till.total : Swift.Double", "direct field offset for Till.total"],
    ["_TwxxV5Kiosk5Price", "destroy value witness for Kiosk.Price", "destroy for Price"],
    ["_TIF5Kiosk4shutFT1aSi_T_A_", "default argument 0 of Kiosk.shut(a: Swift.Int) -> ()", "default argument 0 of shut(a:)"],
    [
      "_TTSf1cpi12_n___TF5Kiosk4foldFTSiSi_Si",
      "function signature specialization <Arg[0] = [Constant Propagated Integer : 12]> of Kiosk.fold(Swift.Int, Swift.Int) -> Swift.Int",
      "specialized fold(_:_:)",
    ],
    ["_TPA__TF5Kiosk5priceFT_T_", "partial apply forwarder for Kiosk.price() -> ()", "partial apply for price()"],
    ["_TtT1xSi1ySS_", "(x: Swift.Int, y: Swift.String)", "(x: Int, y: String)"],
    ["_TFC5Kiosk4TillP4_AB14pickfT_T_", "Kiosk.Till.(pick in _AB1)() -> ()", "Till.pick()"],
    ["_TF5Kiosk5priceFT_T_", "Kiosk.price() -> ()", "price()"],
    [
      "_TFC5Kiosk4Till4ringfT4itemSS5countSi_Si",
      "Kiosk.Till.ring(item: Swift.String, count: Swift.Int) -> Swift.Int",
      "Till.ring(item:count:)",
    ],
    ["_TtC5Kiosk4Till", "Kiosk.Till", "Till"],
    ["_TtGCs23_ContiguousArrayStorageSi_", "Swift._ContiguousArrayStorage<Swift.Int>", "_ContiguousArrayStorage<Int>"],
    ["_TFC5Kiosk4Tillg5totalSd", "Kiosk.Till.total.getter : Swift.Double", "Till.total.getter"],
    ["_TMaC5Kiosk4Till", "type metadata accessor for Kiosk.Till", "type metadata accessor for Till"],
    ["_TToFC5Kiosk4Till5drainfT_T_", "@objc Kiosk.Till.drain() -> ()", "@objc Till.drain()"],
    ["_TWPC5Kiosk4TillS_5PayerS_", "protocol witness table for Kiosk.Till : Kiosk.Payer in Kiosk", "protocol witness table for Till"],
    ["_TFF5Kiosk4openFT_T_U_FT_T_", "closure #1 () -> () in Kiosk.open() -> ()", "closure #1 in open()"],
    ["_TtFzSiSS", "(Swift.Int) throws -> Swift.String", "(_:)"],
    ["_TTSg5Si___TF5Kiosk4wrapurFxx", "generic specialization <Swift.Int> of Kiosk.wrap<A>(A) -> A", "specialized wrap<A>(_:)"],
  ]);
});

test("parameters and results are spelled as asked", () => {
  const name = "$s5Kiosk4TillC4ring4item5countSiSS_SitF";
  assert.equal(demangleSwift(name, { simplified: true, parameters: "types" }), "Till.ring(item: String, count: Int)");
  assert.equal(demangleSwift(name, { simplified: true, parameters: "none" }), "Till.ring");
  assert.equal(demangleSwift(name, { simplified: true, parameters: "types", result: true }), "Till.ring(item: String, count: Int) -> Int");
  assert.equal(demangleSwift(name, { parameters: "labels", result: false }), "Kiosk.Till.ring(item:count:)");
  assert.equal(demangleSwift("$s5Kiosk4openyyFyycfU_", { simplified: true, parameters: "none" }), "closure #1 in open");
});

test("identifiers: words seen before, other alphabets, characters a symbol cannot hold", () => {
  assert.equal(demangleSwift("$s5Kiosk014CardTillReaderC0C"), "Kiosk.CardTillReaderTill");
  assert.equal(demangleSwift("$s5Kiosk03newZ0yyF"), null, "no such word");
  assert.equal(demangleSwift("$s5Kiosk8CardTillV03newB0yyF"), "Kiosk.CardTill.newCard() -> ()");
  assert.equal(demangleSwift("$s5Kiosk0012vergenza_JFayyF"), "Kiosk.vergüenza() -> ()");
  assert.equal(demangleSwift("_TF5KioskX12vergenza_JFaFT_T_"), "Kiosk.vergüenza() -> ()");
});

test("prefixes of all versions and the underscore of Mach-O", () => {
  for (const prefix of ["$s", "_$s", "__$s", "$S", "_$S", "_T0", "__T0", "$e", "_$e", "@__swiftmacro_"]) {
    assert.equal(demangleSwift(`${prefix}5Kiosk4TillCMa`), "type metadata accessor for Kiosk.Till", prefix);
  }
  assert.equal(demangleSwift("_TtC5Kiosk4Till"), demangleSwift("__TtC5Kiosk4Till"));
  assert.equal(demangleSwift("async_MainTQ1_"), "(2) await resume partial function for async main entry point");
});

test("what is no Swift name is null", () => {
  const names = ["", "$s", "_T", "_Tt", "_TtC", "main", "_ZN5Kiosk4openEv", "$s9Kiosk", "$sSgSg", "$s5KioskF", "_TF5Kiosk", "$sA_", "$sy0"];
  for (const name of names) assert.equal(demangleSwift(name), null, name);
});

test("a symbolic reference is a type of unknown name", () => {
  assert.equal(demangleSwift("$s\x01abcd_SitD"), "(<unknown>, Swift.Int)");
  assert.equal(demangleSwift("$s\x02abcdySiG"), "<unknown><Swift.Int>");
  assert.equal(demangleSwift("$s\x01abc"), null, "cut");
  assert.equal(demangleSwift("$s\x1fabcdefgh"), "<unknown>");
});

test("names made to exhaust come to an end", () => {
  const doubled = `$s1a1bV${Array.from("CDEFGHIJKLMNOPQRSTUVWXY", (letter) => `ACyA${letter}A${letter}G`).join("")}`;
  const hostile = [
    doubled,
    `$sSi${"Sg".repeat(20_000)}`,
    `$s1a1bV${"A2047c".repeat(10_000)}`,
    `$sSi${"m".repeat(60_000)}`,
    `$s${"y".repeat(60_000)}`,
    `$s1a1bV${"1bV".repeat(15_000)}y${"_".repeat(15_000)}G`,
    `$sx${"Rvz".repeat(8_000)}r${"99_".repeat(10_000)}lu`,
    `$s4aacd${"0aaaaA0oi".repeat(6_000)}`,
    `$s009000${"a".repeat(9_000)}`,
    `$s${"\xff".repeat(60_000)}`,
    `_Tt${"M".repeat(60_000)}Si`,
    `_Tt${"GSa".repeat(20_000)}`,
    `_TF${"F".repeat(60_000)}`,
    `_T${"PA__T".repeat(12_000)}`,
    `_TtGC1a1b${"CS0_1c".repeat(8_000)}`,
    `_TtV1a1b${"GS0_S1_S1__".repeat(5_000)}`,
    `${"_TTSf1cl9_TF1a1bSi__".repeat(3_000)}_TF1a1bFT_T_`,
  ];
  for (const name of hostile) {
    const spelled = demangleSwift(name);
    assert.ok(spelled === null || spelled.length <= maxSpellingLength, name.slice(0, 40));
  }
  assert.match(demangleSwift(`$sSi${"Sg".repeat(2_000)}`) ?? "", /<<too complex>>/);
  assert.equal(demangleSwift(`$s${"4Till".repeat(maxNameLength / 5)}C`), null, "longer than any name");
});

test("damaged names give a name or null, never an error", () => {
  const random = randomFrom(20_260);
  const letters = "_$.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\x01\xff";
  for (let i = 0; i < 40_000; i++) {
    let name = seeds[random(seeds.length)]!;
    for (let k = random(4); k >= 0; k--) {
      const at = random(name.length + 1);
      const other = seeds[random(seeds.length)]!;
      const kind = random(5);
      if (kind === 0) name = name.slice(0, at) + letters[random(letters.length)] + name.slice(at + 1);
      else if (kind === 1) name = name.slice(0, at) + letters[random(letters.length)] + name.slice(at);
      else if (kind === 2) name = name.slice(0, at) + name.slice(at + 1 + random(4));
      else if (kind === 3) name = name.slice(0, at) + other.slice(random(other.length));
      else name = name.slice(0, at) + name.slice(random(at + 1));
    }
    const spelled = demangleSwift(name, { simplified: i % 2 === 0 });
    assert.ok(spelled === null || (spelled.length > 0 && spelled.length <= maxSpellingLength), name);
  }
});
