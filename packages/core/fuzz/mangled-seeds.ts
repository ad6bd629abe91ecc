/** Mangled names that use most of what each mangling has: where the fuzzer of demanglers starts. */

const names = {
  itanium: [
    "_ZN3foo3barILi5ENS_3BazIcEEEEvT0_DpRKT1_",
    "_ZNKSt6vectorISsSaISsEE2atEm",
    "_ZZN1a1bEvENKUlT_E_clIiEEDaS0_",
    "_ZTVN10__cxxabiv117__class_type_infoE",
    "_ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEEC2B8ne180100EPKc",
    "_ZN1AcvT_IPFivEEEv",
    "_Z1fIXsrSt7is_sameIiT_E5valueEEvDTcl1gfp_EE",
    "_ZGVZ1fvE1x_0",
    "_Z1fM1AKFvvEPA10_i",
    "_ZN1fIJidfEEEvDpT_.cold.1",
  ],
  msvc: [
    "??0?$basic_string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@QEAA@PEBD@Z",
    "?f@?1??g@@YAXXZ@4HA",
    "??_R1A@?0A@EA@S@@8",
    "?h@N@@SAPEAY01$$CBHP6AHN@Z@Z",
    "??$t@$0A@$1?x@@3HA@@YAXXZ",
    "??_C@_05CJBACGMB@hello?$AA@",
    "?catch$0@?0?main@@4HA",
    "??__Ex@@YAXXZ",
  ],
  rust: [
    "_RNvCs1234_7mycrate3foo",
    "_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
    "_RNCNvCsgStHSCytQ6I_7mycrate4main0B3_",
    "_RMCs4fqI2P2rA04_13const_genericINtB0_4BoolKb1_E",
    "_RNvMs_NtC3foo3barINtB4_3BazKhRDNtC1a1bEL_E3new",
    "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
    "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
    "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
    "_RIC0Kj7b_Kca_KRe616263_KVNtC1a1bS1cKh1_E",
  ],
  swift: [
    "$s4main3FooV3baryyF",
    "$sSS7cStringSSSPys4Int8VG_tcfC",
    "$s4main1fyyYaKF",
    "$sSayypGSgXwWl",
    "$s1t1PP4foo1_2BQzAE_tFTj",
    "$sx1A1BRzlTSe",
    "_T0SqWy.17",
    "_TtGSqCSs1A_",
    "_TTSg5Si___TFSqcfT_GSqx_",
    "$s4test3fooyyFTfq4gn_nTg5",
    "$sytIegr_Ieg_TRTA",
  ],
} as const;

export function mangledSeeds(): Record<string, Uint8Array[]> {
  return Object.fromEntries(Object.entries(names).map(([target, list]) => [target, list.map((name) => new Uint8Array(Buffer.from(name)))]));
}
