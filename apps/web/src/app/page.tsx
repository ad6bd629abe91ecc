/** Start page. */
export default function Home() {
  return <main className="p-4">Salvage</main>;
}
