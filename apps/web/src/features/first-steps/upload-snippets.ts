/** Commands that upload the debug files of a build, by where the build system leaves them. Pure. */

export type UploadSnippet = { value: string; label: string; note: string; code: string };

export function uploadSnippets(publicUrl: string, orgSlug: string): UploadSnippet[] {
  const upload = (what: string) => `./salvage upload ${what} --url ${publicUrl} --org ${orgSlug} --token "$SALVAGE_TOKEN"`;
  return [
    {
      value: "windows",
      label: "Windows",
      note: "The PDBs give names, the exe and dll files exact callers: upload the folder that has both.",
      code: upload("./build"),
    },
    {
      value: "apple",
      label: "macOS, iOS",
      note: "An Xcode archive has both: the dSYMs give names, the binaries in its products exact callers.",
      code: upload("Game.xcarchive"),
    },
    {
      value: "linux",
      label: "Linux",
      note: "The unstripped files, before packaging; or the stripped ones together with their .debug files.",
      code: upload("./build"),
    },
    {
      value: "android",
      label: "Android",
      note: "Gradle packs the symbols of a release when its ndk.debugSymbolLevel is FULL.",
      code: upload("app/build/outputs/native-debug-symbols/release/native-debug-symbols.zip"),
    },
    {
      value: "curl",
      label: "curl",
      note: "One file, or one archive of many: zip, tar.gz, cab or 7z.",
      code: `curl -X POST "${publicUrl}/api/v1/organizations/${encodeURIComponent(orgSlug)}/debug-files?name=symbols.zip" -H "Authorization: Bearer $SALVAGE_TOKEN" --data-binary @symbols.zip`,
    },
  ];
}
