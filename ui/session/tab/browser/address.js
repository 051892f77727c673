// A part of a page says the address. The tab writes it, as soon as it listens.

const parts = (globalThis.__sightlinesParts ??= { said: null });

export default ({ data }) => {
  if (parts.write) parts.write(data);
  else parts.said = data;
  return () => {};
};
