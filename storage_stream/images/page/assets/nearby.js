// Pictures of a long list: those near the window are loaded. Those that are scrolled past or left
// before they came are given up, so that nobody waits for them who looks at others.

const AROUND = "900px";

export class NearbyPictures {
  #known = new Map();
  #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) this.#moved(target, isIntersecting);
  }, { rootMargin: AROUND });

  /** Have `picture` show `address` as long as `box` is near. */
  watch(box, picture, address) {
    this.#known.set(box, { picture, address });
    this.#observer.observe(box);
  }

  forget(box) {
    this.#observer.unobserve(box);
    this.#moved(box, false);
    this.#known.delete(box);
  }

  close() {
    for (const box of this.#known.keys()) this.forget(box);
  }

  #moved(box, isNear) {
    const { picture, address } = this.#known.get(box) ?? {}; // one without a picture is not known
    if (isNear) {
      if (!picture.hasAttribute("src")) picture.src = address;
    } else if (picture && !picture.complete) picture.removeAttribute("src");
  }
}
