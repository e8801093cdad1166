// This script replaces a page's script that the deployment does not have: a cache kept the page of
// another deployment. It loads the page again once that helps.
(async () => {
  const script = document.querySelector('script[src]'), name = script.getAttribute('src');
  let main = document.querySelector('main');
  if (!main) {
    main = document.body.appendChild(document.createElement('main'));
    main.appendChild(document.createElement('h1')).textContent = 'A new version of this page';
  }
  const text = main.appendChild(document.createElement('p'));
  text.setAttribute('role', 'status');
  text.textContent = 'This page was replaced by a new version. It loads again by itself within a few minutes.';

  // Whether the page names another script now, or the deployment has this one after all.
  async function helps() {
    const page = await fetch(location.pathname, { cache: 'reload' });
    if (page.ok && !(await page.text()).includes('"' + name + '"')) return true;
    const file = await fetch(script.src, { cache: 'reload' });
    return file.ok && (file.headers.get('Cache-Control') || '').includes('immutable');
  }
  for (;;) {
    if (await helps().catch(() => false)) break;
    await new Promise(done => setTimeout(done, 5000));
  }
  location.reload();
})();
