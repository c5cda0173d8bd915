"""The interface of the CAFÉ Audit Workbench: it chooses an audit's arguments and shows its result.

In a notebook::

    from widgets.pages.app import Workbench

    Workbench()

Modules are imported where they are used; this one stays light.
"""
