// Below this width Streamlit lays the sidebar over the page.
const COVERS = matchMedia("(max-width: 768px)");

export default ({ data }) => {
  const shared = (globalThis.__sightlines ??= {});
  const before = shared.choice;
  shared.choice = data.choice;
  if (before === undefined || before === data.choice || !COVERS.matches) return;
  const drawer = document.querySelector('[data-testid="stSidebar"][data-collapsed="false"]');
  /** @type {HTMLElement | undefined} */
  const button = drawer?.querySelector('[data-testid="stSidebarCollapseButton"] button');
  button?.click();
};
