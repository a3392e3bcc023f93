/** The bar at the top of every page; what stands at its end is there twice, for wide and for narrow windows. */
import { faCog, faPlayCircle } from "@fortawesome/free-solid-svg-icons";
import { FontAwesomeIcon } from "@fortawesome/react-fontawesome";
import React from "react";
import { Button, Nav, Navbar } from "react-bootstrap";
import { NavLink } from "react-router-dom";

import { patchedComponent, register } from "./patching";

export const Icon = register("Icon", ({ icon, className, color }) => (
  <FontAwesomeIcon icon={icon} className={`fa-icon ${className ?? ""}`} color={color} />
));

const MenuItems = patchedComponent("MainNavBar.MenuItems", ({ children }) => <Nav>{children}</Nav>);
const UtilityItems = patchedComponent("MainNavBar.UtilityItems", ({ children }) => <>{children}</>);

function utilities() {
  return (
    <NavLink className="nav-utility" exact to="/settings">
      <Button className="minimal d-flex align-items-center h-100" title="Settings">
        <Icon icon={faCog} />
      </Button>
    </NavLink>
  );
}

export function MainNavbar() {
  return (
    <Navbar collapseOnSelect fixed="top" variant="dark" bg="dark" className="top-nav" expand="xl">
      <Navbar.Collapse className="bg-dark order-sm-1">
        <MenuItems>
          <Nav.Link as="div" className="col-4 col-sm-3 col-md-2 col-lg-auto">
            <NavLink to="/scenes/1" className="minimal p-4 p-xl-2 d-flex d-xl-inline-block btn btn-primary">
              <Icon icon={faPlayCircle} className="nav-menu-icon d-block d-xl-inline mb-2 mb-xl-0" />
              <span>Scenes</span>
            </NavLink>
          </Nav.Link>
        </MenuItems>
        <Nav>
          <UtilityItems>{utilities()}</UtilityItems>
        </Nav>
      </Navbar.Collapse>
      <Navbar.Brand as="div">
        <NavLink to="/">
          <Button className="minimal brand-link d-inline-block">Stash</Button>
        </NavLink>
      </Navbar.Brand>
      <Nav className="navbar-buttons flex-row ml-auto order-xl-2">
        <UtilityItems>{utilities()}</UtilityItems>
        <Navbar.Toggle className="nav-menu-toggle ml-sm-2" />
      </Nav>
    </Navbar>
  );
}
