// What components send to Python.

const APART_MS = 50;

// All components of the page send through one line: of what two fragments send at one moment Streamlit makes
// one batch, and runs one of the two.
function inLine(send) {
  const line = (globalThis.__sightlinesLine ??= { end: Promise.resolve() });
  return (event, value) => {
    line.end = line.end.then(() => {
      send(event, value);
      return new Promise((resolve) => setTimeout(resolve, APART_MS));
    });
  };
}
