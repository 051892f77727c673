// The library arrives with the runtime component, maybe after this board: whoever comes first makes the promise.
export default (component) => {
  const shared = (globalThis.__sightlines ??= {});
  shared.ready ??= new Promise((resolve) => { shared.resolve = resolve; });
  return shared.ready.then((library) => library.mount(component));
};
