export default ({ parentElement, data }) => {
  const shared = (globalThis.__sightlines ??= {});
  shared.ready ??= new Promise((resolve) => { shared.resolve = resolve; });
  return shared.ready.then((library) => library.keep(parentElement, data));
};
