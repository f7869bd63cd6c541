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

  /* What somebody types is kept a few seconds later, and when they look away; a lost line is said.
     Nothing leaves the page for a line that is gone or a sign-in that has ended. */
  for (const told of document.querySelectorAll("[data-keeps]")) {
    const form = told.closest("form"), unsent = form.querySelector(".unsent");
    let timer = 0, isDirty = false, isSure = false, isGoing = false, trying = null;
    const send = async () => {
      try {
        const sent = { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Keeps": "1" }, redirect: "manual", keepalive: true };
        const answer = await fetch(told.dataset.keeps, sent);
        /* Why it is not kept, where the server says so: asking again would not change it. */
        return [answer.status, answer.status === 422 ? await answer.text() : ""];
      } catch {
        /* No line; tried again with the next letter, and before long. */
        return [0, ""];
      }
    };
    /* Whether the form may go: it is kept, or the server answers and will say itself what is wrong. */
    const keep = async () => {
      clearTimeout(timer);
      if (!isDirty) return true;
      isDirty = false;
      const [status, words] = await send(), isKept = status === 204;
      if (isKept) unsent.hidden = true;
      else {
        isDirty = true;
        if (!words) timer = setTimeout(next, 15000);
      }
      const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      told.textContent = isKept ? `${told.dataset.kept} ${time}` : words || told.dataset.unkept;
      return status !== 0 && status !== 403;
    };
    /* One after the other. */
    const next = () => (trying = Promise.resolve(trying).then(keep));
    /* Whoever signed in elsewhere meanwhile comes back with a form of the sign-in before. */
    const renew = async () => {
      try {
        const token = "input[name=csrfmiddlewaretoken]", answer = await fetch(location.href);
        const page = parse(await answer.text()), fresh = page.querySelector(`main ${token}`);
        const [now, before] = [page, document].map((each) => each.querySelector(".who summary")?.textContent);
        if (fresh && now === before) for (const each of document.querySelectorAll(token)) each.value = fresh.value;
      } catch {
        /* Still no line. */
      }
    };
    form.addEventListener("input", () => {
      isDirty = true;
      clearTimeout(timer);
      timer = setTimeout(next, 3000);
    });
    form.addEventListener("submit", async (event) => {
      clearTimeout(timer);
      if (isSure || !(isDirty || trying)) return;
      event.preventDefault();
      if (isGoing) return;
      isGoing = true;
      if (!unsent.hidden) await renew();
      isSure = await next();
      isGoing = false;
      if (isSure) return form.requestSubmit(event.submitter);
      unsent.hidden = false;
      unsent.focus();
    });
    addEventListener("pageshow", () => { isSure = false; });
    document.addEventListener("visibilitychange", async () => {
      if (!document.hidden && !unsent.hidden) await renew();
      if (document.hidden || !unsent.hidden) next();
    });
  }

  /* A page that answers a form cannot be gone back to: the browser would have to send it once more,
     and says so on a page of its own. Whoever leaves it finds the empty form there instead. */
  if ("answers" in document.body.dataset) {
    const leave = (event) => {
      if (event.type === "submit" || event.target.closest("a:not([href^='#'])")) history.replaceState(null, "", location.href);
    };
    for (const type of ["submit", "click"]) addEventListener(type, leave, true);
  }

  const wrong = document.querySelector(".error-summary");
  if (wrong) wrong.focus();
})();
