/* Pages work without this. With it, a part of a page changes in place and hides itself again. */
"use strict";
(() => {
  const policy = window.trustedTypes && trustedTypes.createPolicy("kpm", { createHTML: (html) => html });
  const parse = (html) => new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");

  /* The answer is our own page; only the part with the same id is taken from it. */
  async function part(id, request) {
    const answer = await fetch(request);
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
    if (!answer.ok && answer.status !== 422) return null;
    return parse(await answer.text()).getElementById(id);
  }

  /* What was opened closes after its time, and at once when nobody looks at the page. */
  function hideAgain(shown, before) {
    let timer = 0;
    const hide = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", hide);
      shown.replaceWith(before);
    };
    timer = setTimeout(hide, Number(shown.dataset.seconds) * 1000);
    document.addEventListener("visibilitychange", hide);
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const old = document.getElementById(form.dataset.swap);
    if (!old || event.defaultPrevented) return;
    event.preventDefault();
    /* After a try without a reason, still the value as it was masked at first. */
    const before = old.masked || old.cloneNode(true);
    let fresh = null;
    try {
      fresh = await part(old.id, new Request(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }));
    } catch {
      /* No line: the browser's own attempt says so in its own words. */
    }
    if (!fresh) return form.submit();
    old.replaceWith(fresh);
    fresh.masked = before;
    if (fresh.dataset.seconds) hideAgain(fresh, before);
    (fresh.querySelector("[autofocus], [aria-invalid=true]") || fresh).focus();
  });

  /* Something that is under way, such as an import, is asked for again until it is done. */
  async function follow() {
    const old = document.querySelector("[data-refresh]");
    if (!old) return;
    await new Promise((done) => setTimeout(done, Number(old.dataset.refresh) * 1000));
    try {
      const fresh = document.hidden ? null : await part(old.id, new Request(location.href));
      if (fresh) old.replaceWith(fresh);
    } catch {
      /* Asked again at the next turn. */
    }
    follow();
  }
  follow();

  /* What somebody types is kept a few seconds later, and when they look away; a lost line is said. */
  for (const told of document.querySelectorAll("[data-keeps]")) {
    const form = told.closest("form");
    let timer = 0, isDirty = false;
    const keep = async () => {
      clearTimeout(timer);
      if (!isDirty) return;
      isDirty = false;
      let isKept = false;
      try {
        const sent = { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Keeps": "1" }, redirect: "manual", keepalive: true };
        isKept = (await fetch(told.dataset.keeps, sent)).status === 204;
      } catch {
        /* No line; tried again with the next letter, and before long. */
      }
      if (!isKept) {
        isDirty = true;
        timer = setTimeout(keep, 15000);
      }
      const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      told.textContent = isKept ? `${told.dataset.kept} ${time}` : told.dataset.unkept;
    };
    form.addEventListener("input", () => {
      isDirty = true;
      clearTimeout(timer);
      timer = setTimeout(keep, 3000);
    });
    form.addEventListener("submit", () => { isDirty = false; clearTimeout(timer); });
    document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
  }

  const wrong = document.querySelector(".error-summary");
  if (wrong) wrong.focus();
})();
