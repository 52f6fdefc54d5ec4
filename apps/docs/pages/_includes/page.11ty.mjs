/** The generator calls it with the data of a page and its rendered text. */
export function render({ content, page, title, site, frame }) {
  return frame({ path: page.url.replace(/^\//, '') || 'index.html', title }, content, site);
}
