"""What a tester sees, assembled from the rooms' offers; and the tester's own data."""

from crm.portal.views.home import bp
from crm.portal.views.me import bp as me_bp

BLUEPRINTS = (bp, me_bp)
