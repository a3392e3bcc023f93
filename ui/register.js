// All is made; hand it to Stash, each place only where this Stash has it.
Stash2Plex.define("registered", ({ stash: { api, has }, address, shell, inStash }) => {
  const missing = ["register.route", "patch.before", "patch.after"].filter((name) => !has(name));
  if (has("register.route")) api.register.route(address.PAGE, shell.Page);
  if (has("patch.before")) {
    api.patch.before("MainNavBar.UtilityItems", inStash.barItem);
    api.patch.before("ScenePage.Tabs", inStash.sceneTab);
    api.patch.before("ScenePage.TabContent", inStash.sceneTabContent);
    api.patch.before("SettingsToolsSection", inStash.tool);
    api.patch.before("PluginSettings", inStash.settingsInOrder);
  }
  if (has("patch.after")) api.patch.after("PluginSettings", inStash.settingsWithLink);
  if (missing.length > 0)
    console.warn(`Stash2Plex: this Stash has no ${missing.join(", ")}, so a part of the page is missing.`);
  return {};
});
