/** Small things that pages are made of, under Stash's names. */
import React from "react";
import { Button, Form, Modal, Spinner } from "react-bootstrap";

import { patchedComponent, register } from "./patching";

export const LoadingIndicator = register("LoadingIndicator", ({ message, inline, small }) => (
  <div className={`LoadingIndicator ${inline ? "inline" : ""} ${small ? "small" : ""}`}>
    <Spinner animation="border" role="status" size={small ? "sm" : undefined}>
      <span className="sr-only">Loading...</span>
    </Spinner>
    {message !== "" && <h4 className="LoadingIndicator-message">{message ?? "Loading..."}</h4>}
  </div>
));

export const Setting = patchedComponent("Setting", ({ id, className, heading, subHeading, children }) => (
  <div className={`setting ${className ?? ""}`} id={id}>
    <div>
      <h3>{heading}</h3>
      {subHeading && <div className="sub-heading">{subHeading}</div>}
    </div>
    <div>{children}</div>
  </div>
));

export const SettingGroup = patchedComponent("SettingGroup", ({ settingProps, topLevel, children }) => (
  <div className="setting-group">
    <Setting {...settingProps}>{topLevel}</Setting>
    <div className="setting-group-collapse">{children}</div>
  </div>
));

export const BooleanSetting = patchedComponent("BooleanSetting", ({ id, checked, onChange, ...setting }) => (
  <Setting {...setting}>
    <Form.Switch id={id} checked={checked ?? false} onChange={() => onChange(!checked)} />
  </Setting>
));

export const StringSetting = patchedComponent("StringSetting", ({ value, ...setting }) => (
  <Setting {...setting}>
    <span className="value">{value}</span> <Button>Edit</Button>
  </Setting>
));

export const NumberSetting = patchedComponent("NumberSetting", ({ value, ...setting }) => (
  <Setting {...setting}>
    <span className="value">{value}</span> <Button>Edit</Button>
  </Setting>
));

export const AlertModal = register("AlertModal", ({ text, show, onConfirm, onCancel, confirmButtonText }) => (
  <Modal show={show} onHide={onCancel} animation={false} centered>
    <Modal.Body>{text}</Modal.Body>
    <Modal.Footer>
      <Button variant="danger" onClick={onConfirm}>
        {confirmButtonText ?? "Confirm"}
      </Button>
      <Button variant="secondary" onClick={onCancel}>
        Cancel
      </Button>
    </Modal.Footer>
  </Modal>
));
