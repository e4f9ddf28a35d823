/* Behaviour of every page; its core works without. docs/design.md lists the attributes. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const toasts = () => $("#toasts");
  const words = (name) => toasts()?.dataset[name] ?? "";
  const typing = (el) => el?.matches?.("input:not([type=checkbox],[type=radio],[type=button]),textarea,select,[contenteditable]");

  const glyph = (name) => {
    const [svg, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    svg.setAttribute("class", "icon");
    svg.ariaHidden = "true";
    use.setAttribute("href", `${words("icons")}#${name}`);
    svg.append(use);
    return svg;
  };
  const make = (tag, props, ...inside) => {
    const el = Object.assign(document.createElement(tag), props);
    el.append(...inside);
    return el;
  };
  const button = (text, onclick) => make("button", { type: "button", className: "btn", onclick }, text);
  function toast({ tone = "", text = "", retry = null, key = "" }) {
    const box = toasts();
    if (!box || !text) return;
    if (key) box.querySelector(`[data-toast="${key}"]`)?.remove();
    const el = make("div", { className: `toast ${tone}` });
    el.dataset.toast = key;
    if (tone === "critical") el.setAttribute("role", "alert");
    const close = make("button", { type: "button", className: "link", ariaLabel: words("close"), onclick: () => el.remove() }, glyph("close"));
    el.append(glyph(tone || "info"), make("span", { textContent: text }), close);
    if (retry) el.append(make("div", { className: "row" }, button(words("retry"), () => { el.remove(); retry(); })));
    box.append(el);
    while (box.children.length > 4) box.firstElementChild.remove();
    // What went wrong stays until it is closed.
    if (tone !== "critical") {
      const leave = () => (el.matches(":hover,:focus-within") ? setTimeout(leave, 3000) : el.remove());
      setTimeout(leave, 6000 + text.length * 50);
    }
  }
  document.addEventListener("toast", (event) => {
    const sent = event.detail ?? {};
    (sent.all ?? [sent]).forEach(toast);
  });

  const isPoll = (ctx) => ctx?.sourceEvent?.type === "poll";
  const again = (ctx) => () => {
    const el = ctx.sourceElement, event = ctx.sourceEvent;
    if (!el?.isConnected) location.reload();
    else if (event?.type === "submit") el.requestSubmit?.(ctx.request?.submitter ?? undefined);
    else if (event?.type === "click") el.click();
    else htmx.trigger(el, event?.type ?? "click");
  };
  const lost = new Set();
  const contact = (el, ok) => {
    const before = lost.size;
    lost[ok ? "delete" : "add"](el);
    for (const gone of lost) if (!gone.isConnected) lost.delete(gone);
    el.toggleAttribute("data-lost", !ok);
    if (!before && lost.size) toast({ tone: "warning", text: words("stale"), key: "contact" });
    if (before && !lost.size) toast({ tone: "ok", text: words("back"), key: "contact" });
  };
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (isPoll(ctx)) ctx.request.headers["X-Poll"] = "1";
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, raw = ctx.response?.raw;
    const door = document.body.dataset.signIn;
    if (raw?.redirected && door && new URL(raw.url).pathname === door && location.pathname !== door) {
      event.preventDefault();
      location.assign(`${door}?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    if (isPoll(ctx)) {
      const el = ctx.sourceElement, ok = raw && raw.status < 400;
      el._fails = ok ? 0 : (el._fails ?? 0) + 1;
      contact(el, ok);
    }
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    if (isPoll(ctx) || ctx.response.status === 422) return;
    const page = new DOMParser().parseFromString(ctx.text ?? "", "text/html");
    const says = $("#error-says", page)?.textContent.trim();
    const where = $("h1", page)?.textContent.trim();
    const text = says ? (where ? `${where}. ${says}` : says) : `${words("failed")} (${ctx.response.status})`;
    toast({ tone: "critical", text, retry: again(ctx), key: "failed" });
  });
  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    if (!ctx) return;
    if (isPoll(ctx)) {
      ctx.sourceElement._fails = (ctx.sourceElement._fails ?? 0) + 1;
      contact(ctx.sourceElement, false);
      return;
    }
    if (ctx.response) return;
    const slow = error?.name === "AbortError";
    toast({ tone: "critical", text: words(slow ? "timeout" : "network"), retry: again(ctx), key: "failed" });
  });

  // Polls: while the page is seen, rarer while the server is away.
  const polls = () => {
    firing(); // a swap may have taken the title back
    if (document.hidden) return;
    const now = Date.now();
    for (const el of all("[data-poll]")) {
      el._due ??= now + el.dataset.poll * 1000;
      if (now < el._due) continue;
      el._due = now + Math.min(el.dataset.poll * 1000 * 2 ** Math.min(el._fails ?? 0, 5), 300000);
      window.htmx?.trigger(el, "poll", {}, false);
    }
  };
  setInterval(polls, 500);
  document.addEventListener("visibilitychange", polls);

  const rows = () => all("main tbody tr").filter((row) => $("a[href],button", row) && row.offsetParent);
  const walk = (by) => {
    const list = rows();
    if (!list.length) return;
    const here = list.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(here + by, 0), list.length - 1);
    $("a[href],button", list[next]).focus();
    list[next].scrollIntoView({ block: "nearest" });
  };
  let waiting = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const { key, target } = event;
    if (key === "Escape") {
      const open = $("details.menu[open]");
      if (open) { open.open = false; $("summary", open).focus(); }
      else if (typing(target)) target.blur();
      return;
    }
    const menu = target.closest?.("details.menu");
    if (menu && /^(Arrow(Up|Down)|Home|End)$/.test(key) && !target.matches("input,select")) {
      menu.open = true;
      const items = all(".pop :is(a,button:not([hidden]),input:checked)", menu), at = items.indexOf(target);
      const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[key];
      items.at(to % items.length)?.focus();
      event.preventDefault();
      return;
    }
    if (typing(target) || $("dialog[open]")) return;
    if (waiting && Date.now() - waiting < 1500) {
      waiting = 0;
      const link = all("a[data-key]").find((el) => el.dataset.key === key);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    waiting = 0;
    const field = $('main .find input, main [role="search"] input[type="search"]');
    if (key === "g") waiting = Date.now();
    else if (key === "/" && field) { field.focus(); field.select(); }
    else if (key === "?") $("#help")?.showModal();
    else if (key === "j") walk(1);
    else if (key === "k") walk(-1);
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const el = event.target.closest?.("[data-opens],[data-closes],[data-copy]");
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.matches?.("dialog[open]")) event.target.close();
    if (!el) return;
    if (el.dataset.opens) {
      const dialog = document.getElementById(el.dataset.opens);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
      $("[autofocus],input:not([type=hidden])", dialog)?.focus();
    } else if (el.dataset.copy) {
      await navigator.clipboard.writeText($(el.dataset.copy).textContent.trim());
      toast({ tone: "ok", text: words("copied"), key: "copied" });
    } else el.closest("dialog")?.close();
  });
  // A menu closes when the keyboard leaves it; not when the window loses the focus.
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    const menu = target.closest?.("details.menu[open]");
    if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
  });
  const checkName = (form) => {
    const typed = form.elements.confirm?.value.trim();
    for (const el of all("[type=submit]", form)) el.disabled = typed !== form.dataset.confirm;
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-confirm]");
    if (form) checkName(form);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form) form.requestSubmit();
  });
  // Empty filters do not belong in an address.
  document.addEventListener("formdata", ({ target, formData }) => {
    if (target.method === "get") for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
  // Twice pressed is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post],[hx-put],[hx-patch],[hx-delete]")) return;
    if (form._sent && Date.now() - form._sent < 5000) event.preventDefault();
    form._sent = Date.now();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) for (const form of document.forms) form._sent = 0; });

  const firing = () => {
    const count = +($("#firing")?.dataset.count ?? 0);
    document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\) /, "");
    const icon = $('link[rel="icon"]');
    icon.dataset.calm ??= icon.href;
    const href = count ? new URL(icon.dataset.firing, location).href : icon.dataset.calm;
    if (icon.href !== href) icon.href = href;
  };

  const ready = (root) => {
    if (!root?.querySelectorAll) return;
    if (navigator.clipboard) for (const el of all("[data-copy]", root)) el.hidden = false;
    for (const form of all("form[data-autosubmit]", root)) all("[type=submit]", form).forEach((el) => { el.hidden = true; });
    for (const form of all("form[data-confirm]", root)) checkName(form);
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const el of all("time[datetime]:not([title])", root)) {
      const at = new Date(el.dateTime);
      if (/T/.test(el.dateTime)) el.title = `${at.toLocaleString(document.documentElement.lang)} (${here})`;
    }
    $("[data-focus]", root)?.focus();
    firing();
  };
  document.addEventListener("htmx:after:process", (event) => event.target !== document.body && ready(event.target));
  // A strip that scrolls begins with the part that one is in.
  for (const el of all(".nav [aria-current],.tabs [aria-current]")) el.closest(".groups,.tabs").scrollTo({ left: el.offsetLeft - 80 });
  ready(document);
})();
