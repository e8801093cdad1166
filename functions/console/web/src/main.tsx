// The console's entry: it reads the configuration from the page and draws the first view.
import { render } from "preact";

const text = document.querySelector<HTMLMetaElement>('meta[name="statgate-config"]')?.content ?? "{}";
const config = JSON.parse(text) as { product: string };

const root = document.getElementById("app");
if (root) {
  render(<h1>{config.product}</h1>, root);
}
