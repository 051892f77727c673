// What Python wants to be open, for maps that may be on the page already or may yet come.

export default ({ data }) => {
  const shared = (globalThis.__sightlines ??= {});
  (shared.open ??= {})[data.key] = data.chosen;
  shared.follow?.[data.key]?.(data.chosen);
  return () => {};
};
