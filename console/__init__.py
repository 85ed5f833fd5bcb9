"""The console's screens that span apps, each whole: its page and its actions in one module or package.

`admin` imports them all, so Django finds them. A screen of one app's own data is in that app's `admin`.
"""
