// What the page is about from now on, sent before anything is computed for it.
export default ({ data }) => {
  const shared = (globalThis.__sightlines ??= {});
  shared.about = data;
  shared.tell?.();
  return () => {};
};
